# For weights of the authors' release on MMDetection 1.x, converted by
# tools/model_converters/convert_weights.py: its conventions of anchors and RoIs.
_base_ = './d2det_r50_fpn_2x_coco.py'

model = dict(
    rpn_head=dict(
        # Boxes with one pixel more in width and height.
        anchor_generator=dict(type='LegacyAnchorGenerator', center_offset=0.5),
        bbox_coder=dict(type='LegacyDeltaXYWHBBoxCoder'),
    ),
    # RoIAlign without the shift of half a pixel.
    roi_head=dict(reg_roi_extractor=dict(roi_layer=dict(aligned=False))),
)
