# What the plans (`evidence.yml`) change in the small detectors of two stages: version 2 of the
# shapes, at three fifths of its size, and a common start, so that they differ in their heads.
# The data: `make_shapes.py data/shapes_v2 --version 2`.
_base_ = './datasets/shapes_detection.py'

data_root = 'data/shapes_v2/'
train = dict(data_root=data_root, pipeline={{_base_.pipelines.side_192.train}})
test = dict(data_root=data_root, pipeline={{_base_.pipelines.side_192.test}})
train_dataloader = dict(dataset=train)
val_dataloader = dict(dataset=test)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + 'annotations/val.json')
test_evaluator = val_evaluator

start = 'zoo://faster-rcnn_r18_fpn-start_6e_shapes'
parts = {
    part: dict(type='Pretrained', checkpoint=start, prefix=f'{part}.')
    for part in ('backbone', 'neck', 'rpn_head')
}
# The backbone stays as it is: it has seen images of the same kind.
model = dict(
    backbone=dict(
        frozen_stages=4,
        norm_eval=True,
        # In the place of None.
        init_cfg=dict(parts['backbone'], _delete_=True),
    ),
    neck=dict(init_cfg=parts['neck']),
    rpn_head=dict(init_cfg=parts['rpn_head']),
    # Two thirds: the images are small.
    train_cfg=dict(rcnn=dict(sampler=dict(num=32))),
)
optim_wrapper = dict(optimizer=dict(lr=0.001))
# A tenth faster. One thread of a CPU computes the same each time all the same.
randomness = dict(deterministic=False)
