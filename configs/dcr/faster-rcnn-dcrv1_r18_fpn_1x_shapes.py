# A small FPN with DCR V1 for the shapes data: the second of two steps. The first is
# configs/baselines/faster-rcnn_r18_fpn_1x_shapes.py, whose checkpoint is frozen here.
_base_ = [
    '../_base_/models/faster-rcnn_r18_fpn_shapes.py',
    '../_base_/datasets/shapes_detection.py',
    '../_base_/schedules/shapes_1x.py',
    '../_base_/shapes_runtime.py',
]

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
# The 16 epochs of the first step and 8 of this take little longer than 16 of DCR V2.
max_epochs = 8
train_cfg = dict(max_epochs=max_epochs)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR',
        convert_to_iter_based=True,
        end=max_epochs,
        T_max=max_epochs,
        eta_min_ratio=0.01,
    ),
]
