# Table 4, mapping ratio 2 in all stages, stage 2 read (40.4). Trains like
# cpm-rcnn_r50_fpn-cmm-3stages-ratio2_2x_coco.py; test a checkpoint of that.
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

model = dict(
    roi_head=dict(iou_head=None, rsm_head=None, mapping_ratios=(2.0, 2.0, 2.0)),
    test_cfg=dict(rcnn=dict(test_stage=2)),
)
