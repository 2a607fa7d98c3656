# Table 2a, row "Stage 2" (82.8): so many stages are shared.
_base_ = './faster-rcnn-dcrv2_r101_7e_voc0712.py'

model = dict(refiner=dict(num_shared_stages=2))
