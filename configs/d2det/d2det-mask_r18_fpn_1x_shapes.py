# A small D2Det with masks for the shapes data, trained from scratch.
_base_ = [
    '../_base_/models/d2det_r18_fpn_shapes.py',
    '../_base_/datasets/shapes_instance.py',
    '../_base_/schedules/shapes_1x.py',
    '../_base_/shapes_runtime.py',
]

num_classes = {{_base_.num_classes}}
mask_head = dict(
    type='D2DetMaskHead',
    in_channels=72,
    conv_out_channels=64,
    fc_out_channels=256,
    num_classes=num_classes,
)
# As in d2det-mask_r50_fpn.py.
boxes = dict(score_thr=0.05, nms=dict(iou_threshold=0.3), max_per_img=100)
model = dict(
    roi_head=dict(mask_roi_extractor=None, mask_head=mask_head),
    test_cfg=dict(rcnn=dict(boxes, final_nms=None, mask_thr_binary=0.5)),
)
