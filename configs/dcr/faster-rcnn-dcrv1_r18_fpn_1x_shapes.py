# A small FPN with DCR V1 for the shapes data: the second of two steps. The first is
# configs/d2det/faster-rcnn_r18_fpn_1x_shapes.py, whose checkpoint is frozen here.
_base_ = [
    '../_base_/models/faster-rcnn_r18_fpn_shapes.py',
    '../_base_/datasets/shapes_detection.py',
    '../_base_/schedules/shapes_1x.py',
    '../_base_/shapes_runtime.py',
]

model = dict(
    _delete_=True,
    type='FrozenBaseDCR',
    data_preprocessor={{_base_.model.data_preprocessor}},
    detector={{_base_.model}},
    detector_checkpoint='work_dirs/faster-rcnn_r18_fpn_1x_shapes/epoch_16.pth',
    refiner=dict(
        type='CropRefiner',
        backbone=dict(type='ResNet', depth=18, base_channels=24, norm_eval=False, frozen_stages=-1),
        in_channels=192,
        num_classes={{_base_.num_classes}},
        crop_size=64,
    ),
)
