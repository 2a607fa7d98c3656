# For the authors' released weights, for which their paper reports 33.0 box AP on COCO test-dev.
_base_ = [
    '../_base_/models/refinedet_vgg16_released.py',
    '../_base_/refinedet320_400k_coco.py',
]

soft_nms = dict(type='soft_nms', iou_threshold=0.3)
model = dict(bbox_head=dict(num_classes=80), test_cfg=dict(final_nms=soft_nms))
tta_model = dict(
    tta_cfg=dict(max_per_img=500, size_limits={{_base_.ssd_512.size_limits}})
)
train_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_512.train}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_512.test}}))
test_dataloader = val_dataloader
tta_pipeline = {{_base_.ssd_512.tta_coco}}
