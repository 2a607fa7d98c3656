import pytest
from mmcv.ops import DeformConv2dPack
from samples import dcr
from samples.deploy import build

from mmdet_plus.deploy.unsupported_layers import check_layers
from mmdet_plus.errors import UserError


def deformable():
    """As deeper backbones have it; the small ones cannot be told to."""
    cfg = dcr.detector_config()
    model = build(cfg)
    model.backbone.layer4[0].conv2 = DeformConv2dPack(64, 64, 3)
    return cfg, model


def test_layers_of_mmcv_are_refused_by_the_key_that_asks_for_them():
    cfg, model = deformable()
    cfg.backbone.dcn = dict(type='DCN', deform_groups=1)
    with pytest.raises(UserError, match=r'^model.backbone.dcn cannot.*2dPack'):
        check_layers(model, cfg)


def test_or_by_the_key_of_their_component():
    cfg, model = deformable()
    with pytest.raises(UserError, match=r'^model.backbone cannot be exported'):
        check_layers(model, cfg)


def test_pooling_of_forms_is_none_of_them():
    cfg = dcr.mask_config()
    check_layers(build(cfg), cfg)
