# Discriminative RoI pooling of D2Det for the classes of CPM R-CNN. Not in the paper.
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

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
