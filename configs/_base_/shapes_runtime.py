_base_ = './default_runtime.py'

# Results that reproduce.
randomness = dict(seed=0, deterministic=True)
default_hooks = dict(
    logger=dict(interval=10), checkpoint=dict(interval=6, max_keep_ckpts=2)
)
