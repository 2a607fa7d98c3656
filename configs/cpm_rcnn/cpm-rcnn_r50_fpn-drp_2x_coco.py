# Not in the paper: classes by D2Det's discriminative RoI pooling (sec. 3.2 there), for
# the RSM too.
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

pooling = dict(
    _delete_=True,
    type='DiscriminativeRoIExtractor',
    out_channels=256,
    featmap_strides=[4, 8, 16, 32],
)
model = dict(roi_head=dict(bbox_roi_extractor=pooling))
