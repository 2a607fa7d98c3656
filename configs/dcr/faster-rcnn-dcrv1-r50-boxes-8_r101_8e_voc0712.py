_base_ = './faster-rcnn-dcrv1-r50-boxes-8_r101_7e_voc0712.py'
