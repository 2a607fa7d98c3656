# DCR V2 on Double-Head-Ext R-CNN. Not in the paper.
_base_ = [
    '../double_head/dh-ext-faster-rcnn_r50_fpn_2x_coco.py',
    '../_base_/refiners/region_r50.py',
]

model = dict(
    type='SharedBaseDCR',
    refiner={{_base_.refiner}},
    # Products of two scores are lower than scores.
    test_cfg=dict(rcnn=dict(score_thr=0.001)),
)
