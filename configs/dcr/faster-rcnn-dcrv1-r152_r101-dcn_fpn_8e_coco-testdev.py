# Table 7, row "FPN-DCN-DCR V1" (43.1).
_base_ = [
    '../_base_/models/faster-rcnn_r101_fpn_ohem.py',
    '../_base_/datasets/coco_trainval_testdev_1280.py',
    '../_base_/schedules/dcrv1_8e.py',
    '../_base_/default_runtime.py',
    '../_base_/refiners/crop_r152.py',
]

model = dict(
    type='FrozenBaseDCR',
    detector='FasterRCNN',
    detector_checkpoint='work_dirs/faster-rcnn_r101-dcn_fpn_8e_coco-testdev/epoch_8.pth',
    refiner={{_base_.refiner}},
    backbone=dict(
        dcn=dict(type='DCN', deform_groups=4, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
    ),
)
# All annotated images train.
val_cfg = None
