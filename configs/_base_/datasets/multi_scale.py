# Training at several scales: pipelines by the range of the shorter side.
multi_scale = {
    f'short_{low}_{high}': [
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations', with_bbox=True),
        dict(type='RandomResize', scale=[(1333, low), (1333, high)], keep_ratio=True),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PackDetInputs'),
    ]
    for low, high in ((480, 960), (600, 800))
}
