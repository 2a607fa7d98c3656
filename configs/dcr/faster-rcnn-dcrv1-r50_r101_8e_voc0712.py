# Tables 1a to 1f, the default (82.3): ResNet-50 on Faster R-CNN with ResNet-101.
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc_voc.py',
    '../_base_/datasets/voc0712_once.py',
    '../_base_/schedules/dcrv1_8e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    _delete_=True,
    type='FrozenBaseDCR',
    data_preprocessor={{_base_.model.data_preprocessor}},
    detector={{_base_.model}},
    detector_checkpoint='work_dirs/faster-rcnn_r101_7e_voc0712/epoch_7.pth',
    refiner=dict(
        type='CropRefiner',
        backbone=dict(
            type='ResNet',
            depth=50,
            init_cfg=dict(
                type='Pretrained',
                checkpoint='https://download.pytorch.org/models/resnet50-0676ba61.pth',
            ),
        ),
        num_classes=20,
    ),
)
