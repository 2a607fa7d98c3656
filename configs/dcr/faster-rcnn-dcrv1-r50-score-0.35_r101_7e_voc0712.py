# Table 1b, row "0.35" (82.2).
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

model = dict(
    refiner=dict(sampler=dict(type='HardFalsePositiveSampler', score_thr=0.35))
)
