# Table 5, row "Faster-DCR V2" (79.9).
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc.py',
    '../_base_/datasets/voc07pp12_once.py',
    '../_base_/schedules/dcrv2_7e.py',
    '../_base_/default_runtime.py',
    '../_base_/refiners/region_r101.py',
]

model = dict(
    type='SharedBaseDCR',
    refiner={{_base_.refiner}},
    roi_head=dict(bbox_head=dict(num_classes=20)),
)
# The annotations of VOC 2012 test are not public.
val_cfg = None
