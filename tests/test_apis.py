from pathlib import Path

import pytest
import torch

from mmdet_plus import apis
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

    def use_safe_loading(*, unsafe):
        seen.update(unsafe=unsafe)

    monkeypatch.setattr(DetInferencer, '_init_model', init_model)
    monkeypatch.setattr(apis, 'use_safe_loading', use_safe_loading)
    return seen


@pytest.mark.parametrize('unsafe', [False, True])
def test_names_of_the_zoo_bring_config_and_weights(asked, unsafe):
    name = 'd2det_r50_fpn_2x_coco'
    with pytest.raises(BuiltError):
        DetInferencer(model=name, device='cpu', unsafe_load=unsafe)
    config = find_entry(name).config
    assert asked == dict(config=config, weights=f'zoo://{name}', unsafe=unsafe)


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


def test_weights_of_another_model_are_refused(tiny_config, tmp_path, own_loaders):
    torch.save(dict(state_dict={'a.weight': torch.rand(2)}), tmp_path / 'other.pth')
    with pytest.raises(UserError, match=r'has 0 of the .* another config'):
        DetInferencer(str(tiny_config), str(tmp_path / 'other.pth'), device='cpu')


def test_loading_is_safe_unless_told(asked):
    with pytest.raises(BuiltError):
        DetInferencer(model='d2det_r50_fpn_2x_coco', device='cpu')
    assert asked['unsafe'] is False
