# Table 6, row "FPN-DCR V1" (40.2).
_base_ = [
    '../_base_/models/faster-rcnn_r101_fpn_ohem.py',
    '../_base_/datasets/coco_detection_1280.py',
    '../_base_/schedules/dcrv1_8e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    _delete_=True,
    type='FrozenBaseDCR',
    data_preprocessor={{_base_.model.data_preprocessor}},
    detector={{_base_.model}},
    detector_checkpoint='work_dirs/faster-rcnn_r101_fpn_7e_coco/epoch_7.pth',
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
