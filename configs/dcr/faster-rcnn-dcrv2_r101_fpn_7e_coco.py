_base_ = './faster-rcnn-dcrv2_r101_fpn_8e_coco.py'  # 8 epochs (sec. 5.5)
