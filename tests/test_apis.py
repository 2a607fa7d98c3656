import os
from pathlib import Path

import pytest
import torch
from mmdet.apis import DetInferencer as MMDetInferencer
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import CheckpointLoader

from mmdet_plus.apis import DetInferencer
from mmdet_plus.errors import UserError
from mmdet_plus.zoo import find_entry


class BuiltError(Exception):
    """There is nothing more to see."""


@pytest.fixture
def asked(monkeypatch):
    """What a ``DetInferencer`` would build and load."""
    seen = {}

    def init_model(self, cfg, weights, device='cpu'):
        seen.update(config=Path(cfg.filename), weights=weights)
        raise BuiltError

    monkeypatch.setattr(DetInferencer, '_init_model', init_model)
    return seen


def test_names_of_the_zoo_bring_config_and_weights(asked):
    name = 'd2det_r50_fpn_2x_coco'
    with pytest.raises(BuiltError):
        DetInferencer(model=name, device='cpu')
    config = find_entry(name).config
    assert asked == dict(config=config, weights=f'zoo://{name}')


def test_names_of_mmdetection_still_work(asked):
    with pytest.raises(BuiltError):
        DetInferencer(model='faster-rcnn_r50_fpn_1x_coco', device='cpu')
    assert asked['config'].name == 'faster-rcnn_r50_fpn_1x_coco.py'
    assert asked['weights'].startswith('https://')


def test_names_may_be_written_as_elsewhere(asked):
    with pytest.raises(BuiltError):
        DetInferencer(model='zoo://d2det_tiny_shapes', device='cpu')
    assert asked['config'].stem == 'd2det_tiny_shapes'
    assert asked['weights'] == 'zoo://d2det_tiny_shapes'


@pytest.mark.parametrize(
    ('model', 'message'),
    [
        ('d2det_tiny_shape', 'did you mean d2det_tiny_shapes'),
        ('absent.py', r'config file absent\.py does not exist'),
    ],
)
@pytest.mark.usefixtures('asked')
def test_unknown_names_are_user_errors(model, message):
    with pytest.raises(UserError, match=message):
        DetInferencer(model=model, device='cpu')


def test_weights_of_another_model_are_refused(tiny_config, tmp_path):
    torch.save(dict(state_dict={'a.weight': torch.rand(2)}), tmp_path / 'other.pth')
    with pytest.raises(UserError, match=r'has 0 of the .* another config'):
        DetInferencer(str(tiny_config), str(tmp_path / 'other.pth'), device='cpu')


class Malicious:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def test_unsafe_loading_is_for_one_detector(tiny_config, tmp_path):
    init_default_scope('mmdet')
    weights = MODELS.build(Config.fromfile(tiny_config).model).state_dict()
    path = tmp_path / 'odd.pth'
    torch.save(dict(state_dict=weights, x=Malicious(tmp_path / 'ran')), path)
    with pytest.raises(UserError, match='--unsafe-load'):
        DetInferencer(str(tiny_config), path, device='cpu')
    assert not (tmp_path / 'ran').exists()
    DetInferencer(tiny_config, str(path), device='cpu', unsafe_load=True)
    assert (tmp_path / 'ran').exists()
    with pytest.raises(UserError, match='--unsafe-load'):
        CheckpointLoader.load_checkpoint(str(path))


def test_weights_alone_bring_their_config_as_data(tiny_config, tmp_path):
    config = Config.fromfile(tiny_config)
    init_default_scope('mmdet')
    weights = MODELS.build(config.model).state_dict()
    path = tmp_path / 'epoch_1.pth'
    torch.save(dict(state_dict=weights, meta=dict(cfg=config.pretty_text)), path)
    assert DetInferencer(weights=path, device='cpu').cfg.model == config.model
    evil = f'import os\nos.mkdir("{tmp_path}/ran")\n{config.pretty_text}'
    torch.save(dict(state_dict=weights, meta=dict(cfg=evil)), path)
    with pytest.raises(UserError, match='carries no config that can be read as data'):
        DetInferencer(weights=path, device='cpu')
    with pytest.raises(ValueError, match='Cannot find the config'):
        MMDetInferencer(weights=str(path), device='cpu')
    assert not (tmp_path / 'ran').exists()
