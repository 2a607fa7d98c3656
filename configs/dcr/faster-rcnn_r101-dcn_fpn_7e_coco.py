_base_ = '../baselines/faster-rcnn_r101-dcn_fpn_8e_coco.py'  # 8 epochs (sec. 5.5)
