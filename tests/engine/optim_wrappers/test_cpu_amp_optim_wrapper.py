from pathlib import Path

import mmdet
import pytest
import torch
from mmdet.registry import MODELS, OPTIM_WRAPPERS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from samples.configs import make_batch
from torch import nn

from mmdet_plus.engine.optim_wrappers.cpu_amp_optim_wrapper import bfloat16_autocast

CONFIGS = Path(mmdet.__file__).parent / '.mim' / 'configs'
STOCK = [
    'faster_rcnn/faster-rcnn_r50_fpn_1x_coco',
    'cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco',
    'grid_rcnn/grid-rcnn_r50_fpn_gn-head_2x_coco',
    'double_heads/dh-faster-rcnn_r50_fpn_1x_coco',
    'retinanet/retinanet_r50_fpn_1x_coco',
]
EXTRACTOR = dict(
    type='SingleRoIExtractor',
    roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
    out_channels=4,
    featmap_strides=[4],
)


def wrapper_of(model):
    optimizer = torch.optim.SGD(model.parameters(), 1.0)
    return OPTIM_WRAPPERS.build(dict(type='CpuAmpOptimWrapper', optimizer=optimizer))


def test_forward_is_bfloat16_and_parameters_stay_float32():
    model = nn.Linear(3, 2)
    wrapper = wrapper_of(model)
    before = model.weight.detach().clone()
    with wrapper.optim_context(model):
        output = model(torch.ones(4, 3))
    assert output.dtype == torch.bfloat16
    wrapper.update_params(output.float().sum())
    assert model.weight.dtype == torch.float32
    torch.testing.assert_close(model.weight, before - 4)


def stock_model(name):
    """A detector of MMDetection on ResNet-18, with few boxes."""
    cfg = Config.fromfile(CONFIGS / f'{name}.py').model
    cfg.backbone.update(depth=18, init_cfg=None)
    cfg.neck.in_channels = [64, 128, 256, 512]
    for stage in cfg.train_cfg.values():
        for part in stage if isinstance(stage, list) else [stage]:
            if isinstance(part, dict):
                part.update({k: 20 for k in ('nms_pre', 'max_per_img') if k in part})
                if 'num' in part.get('sampler', {}):
                    part.sampler.num = 16
    return MODELS.build(cfg)


@pytest.mark.parametrize('name', STOCK)
def test_detectors_of_mmdetection_train(name):
    init_default_scope('mmdet')
    model = stock_model(name).train()
    model.requires_grad_(True)
    wrapper = wrapper_of(model)
    with wrapper.optim_context(model):
        data = model.data_preprocessor(make_batch(80), True)
        loss, _ = model.parse_losses(model(**data, mode='loss'))
    assert loss.isfinite()
    loss.backward()
    grads = [p.grad for p in model.backbone.parameters() if p.grad is not None]
    assert grads
    assert all(g.isfinite().all() for g in grads)


def test_nothing_stays_behind():
    extractor = MODELS.build(EXTRACTOR)
    feats, rois = (
        (torch.rand(1, 4, 8, 8).bfloat16(),),
        torch.tensor([[0.0, 0, 0, 9, 9]]),
    )
    with bfloat16_autocast(nn.ModuleList([extractor])):
        assert extractor(feats, rois).dtype == torch.float32
    with pytest.raises(RuntimeError, match='not implemented'):
        extractor(feats, rois)
