# Tables 3 and 4, 3 stages, stage 2 read (40.7). Trains like
# cpm-rcnn_r50_fpn-cmm-3stages_2x_coco.py; test a checkpoint of that.
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

model = dict(
    roi_head=dict(iou_head=None, rsm_head=None), test_cfg=dict(rcnn=dict(test_stage=2))
)
