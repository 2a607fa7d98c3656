# Table 2, row 2 (41.5): dense local regression with plain RoIAlign for the classes.
_base_ = './d2det_r50_fpn_2x_coco.py'

model = dict(
    roi_head=dict(
        bbox_roi_extractor=dict(
            _delete_=True,
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
            out_channels=256,
            featmap_strides=[4, 8, 16, 32],
        )
    )
)
