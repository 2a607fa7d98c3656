# Table 6, row "Faster-DCR V1" (33.1).
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc.py',
    'mmdet::_base_/datasets/coco_detection.py',
    '../_base_/schedules/dcrv1_8e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    _delete_=True,
    type='FrozenBaseDCR',
    data_preprocessor={{_base_.model.data_preprocessor}},
    detector={{_base_.model}},
    detector_checkpoint='work_dirs/faster-rcnn_r101_8e_coco/epoch_8.pth',
    refiner=dict(
        type='CropRefiner',
        backbone=dict(
            type='ResNet',
            depth=152,
            init_cfg=dict(
                type='Pretrained',
                checkpoint='https://download.pytorch.org/models/resnet152-394f9c45.pth',
            ),
        ),
        num_classes=80,
    ),
)
