# D2Det on ConvNeXt-T of MMPretrain. Not in the paper.
_base_ = './d2det_r50_fpn_2x_coco.py'

imports = ['mmdet_plus', 'mmdet_plus.models.backbones.mmpretrain_backbones']
custom_imports = dict(imports=imports)
pretrained = 'https://mmassets.onedl.ai/mmclassification/v0/convnext/downstream/convnext-tiny_3rdparty_32xb128-noema_in1k_20220301-795e9634.pth'
init = dict(type='Pretrained', checkpoint=pretrained, prefix='backbone.')
backbone = dict(
    _delete_=True,
    type='mmpretrain.ConvNeXt',
    arch='tiny',
    out_indices=[0, 1, 2, 3],
    drop_path_rate=0.4,
    layer_scale_init_value=1.0,
    gap_before_final_norm=False,
    init_cfg=init,
)
model = dict(backbone=backbone, neck=dict(in_channels=[96, 192, 384, 768]))
# As MMDetection trains this backbone.
optim_wrapper = dict(
    constructor='LearningRateDecayOptimizerConstructor',
    optimizer=dict(_delete_=True, type='AdamW', lr=0.0001, weight_decay=0.05),
    paramwise_cfg=dict(decay_rate=0.95, decay_type='layer_wise', num_layers=6),
)
