# Discriminative RoI pooling of D2Det instead of RoIAlign, for both heads.
_base_ = './dh-ext-faster-rcnn_r50_fpn_1x_coco.py'

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
