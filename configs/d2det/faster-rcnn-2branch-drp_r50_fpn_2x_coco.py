# Table 2, row 3 (39.3): discriminative RoI pooling, box by fully connected layers.
# Differs from the paper: the box branch reads the pooled feature too, not RoIAlign.
_base_ = './faster-rcnn-2branch_r50_fpn_2x_coco.py'

model = dict(
    roi_head=dict(
        bbox_roi_extractor=dict(
            _delete_=True,
            type='DiscriminativeRoIExtractor',
            out_channels=256,
            featmap_strides=[4, 8, 16, 32],
        )
    )
)
