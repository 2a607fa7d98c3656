# Row ++ of Table 6 (49.9 test-dev): soft-NMS and, with `tools/test.py --tta`, multi-scale
# testing of a checkpoint of cpm-rcnn_x101-64x4d-dcn_fpn_ms-2x_coco.py. The paper names
# neither thresholds nor scales: these are D2Det's.
_base_ = [
    './cpm-rcnn_x101-64x4d-dcn_fpn_ms-2x_coco.py',
    '../_base_/tta/soft-nms_640-960.py',
]

soft_nms = dict(type='soft_nms', iou_threshold=0.5)
model = dict(
    test_cfg=dict(
        rcnn=dict(nms=dict(type='nms', iou_threshold=0.5), final_nms=soft_nms)
    )
)
