# The "Faster (2fc)" of DCR for the 20 classes of PASCAL VOC.
_base_ = './faster-rcnn_r101_2fc.py'

model = dict(roi_head=dict(bbox_head=dict(num_classes=20)))
