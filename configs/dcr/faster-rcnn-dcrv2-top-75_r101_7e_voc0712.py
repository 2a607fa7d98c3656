# Table 2c, row "75%" (82.9). Trains like faster-rcnn-dcrv2_r101_7e_voc0712.py; test a checkpoint of that.
_base_ = './faster-rcnn-dcrv2_r101_7e_voc0712.py'

model = dict(refiner=dict(top_p=0.75))
