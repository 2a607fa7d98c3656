# What the plan of RefineDet changes in the small detectors of one stage: version 2 of the
# shapes at its size, colours that change, and a common start.
# The data: `make_shapes.py data/shapes_v2 --version 2`.
_base_ = './datasets/shapes_detection.py'

data_root = 'data/shapes_v2/'
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    # With swapped channels, as SSD's: colours are learnt by heart otherwise.
    dict(type='PhotoMetricDistortion'),
    dict(type='Resize', scale=(320, 320), keep_ratio=False),
    dict(
        type='RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal']
    ),
    dict(type='PackDetInputs'),
]
test = dict(data_root=data_root, pipeline={{_base_.pipelines.side_320.test}})
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=test)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + 'annotations/val.json')
test_evaluator = val_evaluator

model = dict(
    backbone=dict(
        frozen_stages=2,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='zoo://faster-rcnn_r18_fpn-start_6e_shapes',
            prefix='backbone.',
        ),
    )
)
optim_wrapper = dict(optimizer=dict(lr=0.001))
# A tenth faster. One thread of a CPU computes the same each time all the same.
randomness = dict(deterministic=False)
