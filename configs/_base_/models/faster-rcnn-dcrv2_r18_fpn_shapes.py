# DCR V2 on the small Faster R-CNN.
_base_ = './faster-rcnn_r18_fpn_shapes.py'

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
