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
    for side in (192, 256, 320, *range(384, 1153, 64))
}
# Widths and heights as released; the last of each are for COCO alone.
tta_sides = {
    320: (320, 192, 384, 448, 512, 576, 704, 640),
    512: (512, 256, 384, 768, 896, 1024, 640, 1152),
}
num_voc_sides = {320: 7, 512: 6}
flat = {320: (320, 192), 512: (512, 384)}
# Small views are for large objects, large ones for small objects: [(side, px), ...].
shorter_than = {
    320: [(384, 160), (448, 128), (512, 96), (576, 64), (640, 48), (704, 32)],
    512: [(640, 224), (768, 192), (896, 128), (1024, 96), (1152, 64)],
}
longer_than = {320: [(192, 32)], 512: []}

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
        **{
            name: [
                load,
                dict(
                    type='TestTimeAug',
                    transforms=[
                        [
                            *(resize[other] for other in tta_sides[side][:count]),
                            dict(type='Resize', scale=flat[side], keep_ratio=False),
                        ],
                        flips,
                        [load_boxes],
                        [pack_flipped],
                    ],
                ),
            ]
            for name, count in (('tta', num_voc_sides[side]), ('tta_coco', None))
        },
        size_limits=[
            *(dict(side=s, longer_than=px) for s, px in longer_than[side]),
            *(dict(side=s, shorter_than=px) for s, px in shorter_than[side]),
        ],
    )
    for side in (320, 512)
)
tta_model = dict(
    type='BoxVotingTTAModel',
    tta_cfg=dict(
        iou_threshold=0.45, size_limits=ssd_320['size_limits'], max_per_img=200
    ),
)
