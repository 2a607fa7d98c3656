_base_ = './faster-rcnn-dcrv1-r152_r101-dcn_7e_voc0712.py'
