# Three sizes, each also mirrored, merged by soft-NMS.
tta_model = dict(
    type='DetTTAModel',
    tta_cfg=dict(nms=dict(type='soft_nms', iou_threshold=0.5), max_per_img=100),
)
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='Resize', scale=(1333, short), keep_ratio=True)
                for short in (640, 800, 960)
            ],
            [dict(type='RandomFlip', prob=1.0), dict(type='RandomFlip', prob=0.0)],
            [dict(type='LoadAnnotations', with_bbox=True)],
            [
                dict(
                    type='PackDetInputs',
                    meta_keys=(*meta_keys, 'flip', 'flip_direction'),
                )
            ],
        ],
    ),
]
