# Table 2b, row "Stage 1" (82.9): so many stages of the refiner see the whole image.
_base_ = './faster-rcnn-dcrv2_r101_7e_voc0712.py'

model = dict(refiner=dict(num_image_stages=1))
