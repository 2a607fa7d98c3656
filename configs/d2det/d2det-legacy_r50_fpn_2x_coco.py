# The former name of d2det_r50_fpn_2x_coco_released.py.
_base_ = './d2det_r50_fpn_2x_coco_released.py'
