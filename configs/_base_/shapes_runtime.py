_base_ = './default_runtime.py'

# Results that reproduce.
randomness = dict(seed=0, deterministic=True)
default_hooks = dict(
    logger=dict(interval=10), checkpoint=dict(interval=4, max_keep_ckpts=2)
)
