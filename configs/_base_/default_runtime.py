_base_ = 'mmdet::_base_/default_runtime.py'

custom_imports = dict(imports=['mmdet_plus'], allow_failed_imports=False)

# A resumed training draws the random numbers the uninterrupted one would have drawn.
custom_hooks = [dict(type='EpochSeedHook')]
