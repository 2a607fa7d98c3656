# A small FPN with DCR V2 for the shapes data, trained end to end from scratch. The baseline is
# configs/baselines/faster-rcnn_r18_fpn_1x_shapes.py: same backbone, data and epochs.
_base_ = [
    '../_base_/models/faster-rcnn_r18_fpn_shapes.py',
    '../_base_/datasets/shapes_detection.py',
    '../_base_/schedules/shapes_1x.py',
    '../_base_/shapes_runtime.py',
]

model = dict(
    type='SharedBaseDCR',
    refiner=dict(
        type='RegionRefiner',
        tail=dict(type='ResNetTail', depth=18, base_channels=24, norm_eval=False),
        crop_size=56,
        sampler=dict(type='HardFalsePositiveSampler', num=24),
        roi_layer=dict(type='FastRoIAlign', sampling_ratio=2),
    ),
    # With crop_size and num, bounds a step to about 1.5 times the baseline's.
    max_candidates=64,
    # Products of two scores are lower than scores.
    test_cfg=dict(rcnn=dict(score_thr=0.001)),
)
