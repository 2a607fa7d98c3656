# Table 1d, row "56 x 56" (80.6).
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

model = dict(refiner=dict(crop_size=56))
