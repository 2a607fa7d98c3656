# Table 1d, row "320 x 320" (82.0).
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

model = dict(refiner=dict(crop_size=320))
