_base_ = '../baselines/faster-rcnn_r152_7e_voc0712.py'
