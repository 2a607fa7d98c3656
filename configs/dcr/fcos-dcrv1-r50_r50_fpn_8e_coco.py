# DCR V1 on FCOS, whose final detections are refined. Not in the paper.
_base_ = './retinanet-dcrv1-r50_r50_fpn_8e_coco.py'

mean = [102.9801, 115.9465, 122.7717]
strides = [8, 16, 32, 64, 128]
head = dict(type='FCOSHead', num_classes=80, in_channels=256, strides=strides)
# MMDetection's fcos_r50-caffe_fpn_gn-head_1x_coco.py, and trained by it.
model = dict(
    detector='FCOS',
    data_preprocessor=dict(mean=mean, std=[1.0, 1.0, 1.0], bgr_to_rgb=False),
    backbone=dict(norm_cfg=dict(requires_grad=False), style='caffe', init_cfg=None),
    neck=dict(add_extra_convs='on_output', relu_before_extra_convs=True),
    bbox_head=dict(head, _delete_=True),
    train_cfg=None,
    detector_checkpoint='work_dirs/fcos_r50-caffe_fpn_gn-head_1x_coco/epoch_12.pth',
)
