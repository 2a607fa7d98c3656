# Table 4: 56.92 AP (VOC AP at IoU 0.7) on the UAVDT test set, class `vehicle`. The paper
# names neither schedule nor image size: these are those of COCO.
_base_ = [
    '../_base_/models/d2det_r50_fpn.py',
    '../_base_/datasets/uavdt_detection.py',
    '../_base_/schedules/d2det_2x.py',
    '../_base_/default_runtime.py',
]

pretrained = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
model = dict(
    backbone=dict(depth=101, init_cfg=dict(checkpoint=pretrained)),
    roi_head=dict(bbox_head=dict(num_classes=1)),
)
