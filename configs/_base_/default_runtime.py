_base_ = 'mmdet::_base_/default_runtime.py'

custom_imports = dict(imports=['mmdet_plus'], allow_failed_imports=False)
# A resumed training draws the random numbers the uninterrupted one would have drawn; the
# others stop at what went wrong and say where.
custom_hooks = [
    dict(type=f'{name}Hook')
    for name in ('EpochSeed', 'ImageError', 'Divergence', 'CheckpointMatch')
]
# The old checkpoint goes after the new one is whole.
default_hooks = dict(checkpoint=dict(type='WholeCheckpointHook'))
