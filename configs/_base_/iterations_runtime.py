# default_runtime.py for schedules that count iterations.
_base_ = 'mmdet::_base_/default_runtime.py'

default_hooks = dict(
    checkpoint=dict(
        type='WholeCheckpointHook', by_epoch=False, interval=10000, max_keep_ckpts=3
    )
)
log_processor = dict(by_epoch=False)
custom_imports = dict(imports=['mmdet_plus'], allow_failed_imports=False)
# A resumed training draws the random numbers the uninterrupted one would have drawn; the
# others stop at what went wrong and say where.
custom_hooks = [
    dict(type=f'{name}Hook')
    for name in ('EpochSeed', 'ImageError', 'Divergence', 'CheckpointMatch')
]
