# D2Det for boxes and masks, sec. 3.3; numbers as released.
_base_ = './d2det_r50_fpn.py'

model = dict(
    roi_head=dict(
        bbox_roi_extractor=dict(sampling_ratio=1),
        mask_roi_extractor=None,
        mask_head=dict(type='D2DetMaskHead', in_channels=576, num_classes=80),
    ),
    test_cfg=dict(rpn=dict(max_per_img=700), rcnn={{_base_.mask_test_cfg}}),
)
