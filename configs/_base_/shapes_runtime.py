# default_runtime.py for short runs whose results reproduce.
_base_ = 'mmdet::_base_/default_runtime.py'

randomness = dict(seed=0, deterministic=True)
default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(type='WholeCheckpointHook', interval=4, max_keep_ckpts=2),
)
custom_imports = dict(imports=['mmdet_plus'], allow_failed_imports=False)
# A resumed training draws the random numbers the uninterrupted one would have drawn; the
# others stop at what went wrong and say where.
custom_hooks = [
    dict(type=f'{name}Hook')
    for name in ('EpochSeed', 'ImageError', 'Divergence', 'CheckpointMatch')
]
