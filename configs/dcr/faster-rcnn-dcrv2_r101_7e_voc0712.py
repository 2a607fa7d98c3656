# Table 4, row "Faster-DCR V2" (83.0); also Table 2a "Stage 1", 2b "Stage 0" and 2c "100%".
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc.py',
    '../_base_/datasets/voc0712_once.py',
    '../_base_/schedules/dcrv2_7e.py',
    '../_base_/default_runtime.py',
    '../_base_/refiners/region_r101.py',
]

model = dict(
    type='SharedBaseDCR',
    refiner={{_base_.refiner}},
    roi_head=dict(bbox_head=dict(num_classes=20)),
)
