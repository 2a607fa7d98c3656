# Table 5, row "DCN-DCR V1" (81.2).
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc.py',
    '../_base_/datasets/voc07pp12_once.py',
    '../_base_/schedules/dcrv1_7e.py',
    '../_base_/default_runtime.py',
    '../_base_/refiners/crop_r152.py',
]

model = dict(
    type='FrozenBaseDCR',
    detector='FasterRCNN',
    detector_checkpoint='work_dirs/faster-rcnn_r101-dcn_7e_voc07pp12/epoch_7.pth',
    refiner={{_base_.refiner}},
    backbone=dict(
        dcn=dict(type='DCN', deform_groups=4, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
    ),
    roi_head=dict(bbox_head=dict(num_classes=20)),
)
# The annotations of VOC 2012 test are not public.
val_cfg = None
