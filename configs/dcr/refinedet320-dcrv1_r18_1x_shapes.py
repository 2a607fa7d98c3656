# DCR V1 on the small RefineDet for the shapes data, whose checkpoint is frozen. Not in the
# papers.
_base_ = [
    '../_base_/models/refinedet_r18_shapes.py',
    '../_base_/shapes_detection_320_1x.py',
]

detector_checkpoint = 'work_dirs/refinedet320_r18_1x_shapes/epoch_16.pth'
model = dict(
    type='FrozenBaseDCR',
    detector='RefineDet',
    detector_checkpoint=detector_checkpoint,
    # As in faster-rcnn-dcrv1_r18_fpn_shapes.py, but from random weights.
    refiner=dict(
        type='CropRefiner',
        backbone=dict(type='ResNet', depth=18, base_channels=24, norm_eval=False),
        in_channels=192,
        crop_size=64,
    ),
    refine_at='post_nms',
)
train_cfg = dict(max_epochs=8)
param_scheduler = {{_base_.cosine.epochs_8}}
