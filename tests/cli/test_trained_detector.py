import os
from types import SimpleNamespace

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmdet_plus.cli.arguments import ToolParser
from mmdet_plus.cli.trained_detector import add_detector_arguments, load_detector
from mmdet_plus.errors import UserError
from mmdet_plus.zoo import UnsafeCheckpointError


class Malicious:
    """What unpickling would run."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.fixture
def parse(tiny_config):
    """A function that parses the arguments after the config."""
    parser = ToolParser(prog='tool')
    add_detector_arguments(parser)
    return lambda *options: parser.parse_args([str(tiny_config), *map(str, options)])


@pytest.fixture
def trained(tiny_config, tmp_path):
    """A checkpoint, as a path and a state dict."""
    with DefaultScope.overwrite_default_scope('mmdet'):
        state = MODELS.build(Config.fromfile(tiny_config).model).state_dict()
    torch.save(dict(state_dict=state, meta={}), tmp_path / 'd.pth')
    return SimpleNamespace(path=tmp_path / 'd.pth', state=state)


def test_weights_and_options_are_used(parse, trained):
    options = ['--cfg-options', 'model.test_cfg.rcnn.max_per_img=3']
    cfg, model = load_detector(parse(trained.path, *options))
    assert not model.training
    assert cfg.model.test_cfg.rcnn.max_per_img == 3
    assert model.roi_head.test_cfg.max_per_img == 3
    for key, value in model.state_dict().items():
        assert torch.equal(value, trained.state[key]), key


def test_device_and_batch_norms_of_one_process(parse, trained):
    norm = 'model.backbone.norm_cfg.type=SyncBN'
    options = ['--device', 'meta', '--cfg-options', norm]
    _, model = load_detector(parse(trained.path, *options))
    assert {p.device.type for p in model.parameters()} == {'meta'}
    kinds = {type(m).__name__ for m in model.modules()}
    assert 'SyncBatchNorm' not in kinds


def test_missing_checkpoint_is_a_user_error(parse):
    with pytest.raises(UserError, match=r'absent\.pth'):
        load_detector(parse('absent.pth'))


def test_another_models_checkpoint_is_a_user_error(parse, tmp_path):
    torch.save(dict(state_dict={'a.weight': torch.rand(2)}), tmp_path / 'other.pth')
    with pytest.raises(UserError, match=r'has 0 of the .* another config'):
        load_detector(parse(tmp_path / 'other.pth'))


def test_checkpoints_are_loaded_safely_unless_told(
    parse, trained, own_loaders, tmp_path
):
    target = tmp_path / 'ran'
    torch.save(
        dict(state_dict=trained.state, meta={}, x=Malicious(target)), trained.path
    )
    with pytest.raises(UnsafeCheckpointError, match='--unsafe-load'):
        load_detector(parse(trained.path))
    assert not target.exists()
    load_detector(parse(trained.path, '--unsafe-load'))
    assert target.exists()
