# Sec. 3.4: weight decay of the paper instead of the released 1e-4.
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

optim_wrapper = dict(optimizer=dict(weight_decay=4e-5))
