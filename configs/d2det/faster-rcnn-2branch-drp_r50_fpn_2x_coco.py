# Table 2, row 3 (39.3): discriminative RoI pooling for the classes, box by fully
# connected layers on RoIAlign.
_base_ = './faster-rcnn-2branch_r50_fpn_2x_coco.py'

model = dict(
    roi_head=dict(
        type='SeparateExtractorRoIHead',
        bbox_roi_extractor=dict(
            _delete_=True,
            type='DiscriminativeRoIExtractor',
            out_channels=256,
            featmap_strides=[4, 8, 16, 32],
        ),
        reg_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
            out_channels=256,
            featmap_strides=[4, 8, 16, 32],
        ),
    )
)
