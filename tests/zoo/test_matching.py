import pytest
import torch
from torch import nn

from mmdet_plus.errors import UserError
from mmdet_plus.zoo.matching import check_match


def check(state_dict, wrap=False):
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4))
    if wrap:
        model = nn.ModuleDict(dict(module=model))
    check_match(model, dict(state_dict=state_dict))


def weights(out_channels=4):
    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, out_channels)).state_dict()


@pytest.mark.parametrize('wrap', [False, True])
def test_own_weights_pass(wrap):
    check(weights(), wrap)
    check({f'module.{name}': value for name, value in weights().items()}, wrap)


def test_another_number_of_classes_is_refused():
    message = r'\(9, 3\) in the checkpoint and \(4, 3\) in the model: another model'
    with pytest.raises(UserError, match=message):
        check(weights(out_channels=9))


def test_missing_weights_pass_if_most_are_there():
    check({name: w for name, w in weights().items() if name != '1.bias'})


def test_other_models_are_refused():
    message = 'has 1 of the 4 weights of this model: it belongs to another config'
    with pytest.raises(UserError, match=message):
        check({'0.weight': torch.rand(3, 2), '0.bias': torch.rand(7)})
    with pytest.raises(UserError, match='has 0 of the 4'):
        check({})
