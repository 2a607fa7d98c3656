# Loading, SSD's augmentation (1512.02325, RefineDet sec. 4) and testing at a side of 320
# or 512 px, and what `tools/test.py --tta` does for the rows marked "+". A config takes
# the pipelines of its side, `{{_base_.ssd_320.train}}` for instance.
image_mean = [123.675, 116.28, 103.53]
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')
load = dict(type='LoadImageFromFile')
load_boxes = dict(type='LoadAnnotations', with_bbox=True)
# The steps after loading, because several data sets that load alike are joined.
distort = [
    dict(
        type='PhotoMetricDistortion',
        brightness_delta=32,
        contrast_range=(0.5, 1.5),
        saturation_range=(0.5, 1.5),
        # As released: 18 of OpenCV's 180 hues are 36 degrees; colours are not permuted.
        hue_delta=36,
        swap_channels=False,
    ),
    dict(type='Expand', mean=image_mean, to_rgb=True, ratio_range=(1, 4)),
    dict(
        type='MinIoURandomCrop', min_ious=(0.1, 0.3, 0.5, 0.7, 0.9), min_crop_size=0.3
    ),
]
flips = [dict(type='RandomFlip', prob=1.0), dict(type='RandomFlip', prob=0.0)]
pack = dict(type='PackDetInputs', meta_keys=meta_keys)
pack_flipped = dict(pack, meta_keys=(*meta_keys, 'flip', 'flip_direction'))
resize = {
    side: dict(type='Resize', scale=(side, side), keep_ratio=False)
    for side in (192, 320, 448, 512, 576, 704, 896)
}
# The paper does not name its scales; these are ours, multiples of the largest stride.
tta_sides = {320: (192, 320, 448, 576), 512: (320, 512, 704, 896)}

ssd_320, ssd_512 = (
    dict(
        train=[
            *distort,
            resize[side],
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackDetInputs'),
        ],
        flips=[
            resize[side],
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackDetInputs'),
        ],
        test=[load, resize[side], load_boxes, pack],
        tta=[
            load,
            dict(
                type='TestTimeAug',
                transforms=[
                    [resize[other] for other in tta_sides[side]],
                    flips,
                    [load_boxes],
                    [pack_flipped],
                ],
            ),
        ],
    )
    for side in (320, 512)
)
tta_model = dict(
    type='DetTTAModel',
    tta_cfg=dict(nms=dict(type='nms', iou_threshold=0.45), max_per_img=200),
)
