# DCR V1 on the small Faster R-CNN, whose checkpoint is frozen.
_base_ = './faster-rcnn_r18_fpn_shapes.py'

detector_checkpoint = 'work_dirs/faster-rcnn_r18_fpn_1x_shapes/epoch_16.pth'
model = dict(
    type='FrozenBaseDCR',
    detector='FasterRCNN',
    detector_checkpoint=detector_checkpoint,
    refiner=dict(
        type='CropRefiner',
        # Starts as the detector's backbone: none of this width is trained on ImageNet.
        backbone=dict(
            type='ResNet',
            depth=18,
            base_channels=24,
            norm_eval=False,
            init_cfg=dict(
                type='Pretrained', checkpoint=detector_checkpoint, prefix='backbone.'
            ),
        ),
        in_channels=192,
        crop_size=64,
    ),
    # Products of two scores are lower than scores.
    test_cfg=dict(rcnn=dict(score_thr=0.001)),
)
