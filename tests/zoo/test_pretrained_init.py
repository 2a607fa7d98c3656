import pytest
import torch
from mmengine.model import BaseModule
from torch import nn

from mmdet_plus.errors import UserError


class Part(BaseModule):
    def __init__(self, init_cfg):
        super().__init__(init_cfg)
        self.conv = nn.Conv2d(3, 4, 1)
        self.fc = nn.Linear(4, 2)


class RenamedPart(Part):
    def _load_from_state_dict(self, state_dict, *args):
        for name in list(state_dict):
            state_dict[name.replace('old.', 'conv.')] = state_dict.pop(name)
        super()._load_from_state_dict(state_dict, *args)


def save(tmp_path, **weights):
    path = tmp_path / 'start.pth'
    torch.save(dict(state_dict=weights), path)
    return dict(type='Pretrained', checkpoint=str(path))


def test_some_weights_are_enough(tmp_path):
    part = Part(save(tmp_path, **{'conv.bias': torch.ones(4)}))
    part.init_weights()
    assert (part.conv.bias == 1).all()


@pytest.mark.parametrize('prefix', ['backbone', 'backbone.'])
def test_weights_below_a_prefix(tmp_path, prefix):
    config = save(tmp_path, **{'module.backbone.conv.bias': torch.ones(4)})
    part = Part(dict(config, prefix=prefix))
    with pytest.raises(UserError, match=r"below backbone: write prefix='backbone\.'"):
        Part(save(tmp_path, **{'backbone.conv.bias': torch.ones(4)})).init_weights()
    save(tmp_path, **{'backbone.conv.bias': torch.ones(4)})
    part.init_weights()
    assert (part.conv.bias == 1).all()


@pytest.mark.parametrize('name', ['stem.weight', 'conv.bias'])
def test_a_checkpoint_of_which_nothing_fits_is_refused(tmp_path, name):
    config = save(tmp_path, **{name: torch.ones(7)})
    with pytest.raises(UserError, match=r'none of the 4 weights of Part .*start\.pth'):
        Part(config).init_weights()


def test_parts_that_rename_their_weights_are_let_through(tmp_path):
    part = RenamedPart(save(tmp_path, **{'old.bias': torch.ones(4)}))
    part.init_weights()
    assert (part.conv.bias == 1).all()


def test_a_name_that_no_table_has():
    part = Part(dict(type='Pretrained', checkpoint='open-mmlab://absent'))
    with pytest.raises(UserError, match='open-mmlab://absent, which init_cfg names'):
        part.init_weights()
