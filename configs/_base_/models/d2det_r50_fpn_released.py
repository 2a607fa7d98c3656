# D2Det as the authors' release on MMDetection 1.x computes it.
_base_ = './d2det_r50_fpn.py'

model = dict(
    rpn_head=dict(
        # Boxes with one pixel more in width and height, corners of anchors rounded.
        anchor_generator=dict(type='LegacyAnchorGenerator', center_offset=0.5),
        bbox_coder=dict(type='PixelDeltaXYWHBBoxCoder'),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(released_sampling=True),
        # RoIAlign without the shift of half a pixel, RoIs with the last pixel.
        reg_roi_extractor=dict(
            type='LegacyRoIExtractor',
            roi_layer=dict(aligned=False),
            pool_last_pixel=True,
        ),
    ),
)
