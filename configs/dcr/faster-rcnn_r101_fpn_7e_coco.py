_base_ = '../baselines/faster-rcnn_r101_fpn_8e_coco.py'  # 8 epochs (sec. 5.5)
