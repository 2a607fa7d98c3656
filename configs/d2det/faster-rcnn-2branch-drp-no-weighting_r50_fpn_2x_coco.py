# Sec. 4.2: row 3 of Table 2 without adaptive weighting, said to cost 0.4.
_base_ = './faster-rcnn-2branch_r50_fpn_2x_coco.py'

model = dict(
    roi_head=dict(
        type='SeparateExtractorRoIHead',
        bbox_roi_extractor=dict(
            _delete_=True,
            type='DiscriminativeRoIExtractor',
            out_channels=256,
            featmap_strides=[4, 8, 16, 32],
            adaptive_weighting=False,
        ),
        reg_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
            out_channels=256,
            featmap_strides=[4, 8, 16, 32],
        ),
    )
)
