# For the authors' released weights, for which their paper reports 29.4 box AP on COCO test-dev.
_base_ = [
    '../_base_/models/refinedet_vgg16_released.py',
    '../_base_/refinedet320_400k_coco.py',
]

soft_nms = dict(type='soft_nms', iou_threshold=0.3)
model = dict(bbox_head=dict(num_classes=80), test_cfg=dict(final_nms=soft_nms))
tta_model = dict(tta_cfg=dict(max_per_img=500))
