_base_ = '../baselines/faster-rcnn_r101-dcn_7e_voc0712.py'
