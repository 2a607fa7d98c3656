# Table 6, row "FPN-DCR V1" (40.2).
_base_ = [
    '../_base_/models/faster-rcnn_r101_fpn_ohem.py',
    '../_base_/datasets/coco_detection_1280.py',
    '../_base_/schedules/dcrv1_8e.py',
    '../_base_/default_runtime.py',
    '../_base_/refiners/crop_r152.py',
]

model = dict(
    type='FrozenBaseDCR',
    detector='FasterRCNN',
    detector_checkpoint='work_dirs/faster-rcnn_r101_fpn_8e_coco/epoch_8.pth',
    refiner={{_base_.refiner}},
)
