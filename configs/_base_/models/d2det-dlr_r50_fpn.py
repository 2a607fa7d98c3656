# D2Det with plain RoIAlign for the classes.
_base_ = './d2det_r50_fpn.py'

model = dict(
    roi_head=dict(
        bbox_roi_extractor=dict(
            _delete_=True,
            type='SingleRoIExtractor',
            roi_layer=dict(type='FastRoIAlign', output_size=7, sampling_ratio=2),
            out_channels=256,
            featmap_strides={{_base_.featmap_strides}},
        )
    )
)
