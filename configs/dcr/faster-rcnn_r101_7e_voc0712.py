_base_ = '../baselines/faster-rcnn_r101_7e_voc0712.py'
