# Table 1d, row "112 x 112" (82.0).
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

model = dict(refiner=dict(crop_size=112))
