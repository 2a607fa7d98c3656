_base_ = './faster-rcnn-dcrv1-r50-rcnn_r101_7e_voc0712.py'
