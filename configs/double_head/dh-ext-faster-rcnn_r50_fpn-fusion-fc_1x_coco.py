# The paper's ablation over the fusion of the classifiers: scores of the fc-head alone. Trains like
# dh-ext-faster-rcnn_r50_fpn_1x_coco.py; test a checkpoint of that.
_base_ = './dh-ext-faster-rcnn_r50_fpn_1x_coco.py'

model = dict(roi_head=dict(bbox_head=dict(fusion='fc')))
