import pytest
import torch
from torch import nn

from mmdet_plus.errors import UserError
from mmdet_plus.zoo.fine_tuning import keep_fitting_weights


def model(num_classes):
    return nn.Sequential(nn.Linear(4, 4), nn.Linear(4, num_classes), nn.Linear(4, 4))


def test_layers_of_other_classes_are_left_out_and_named():
    weights = {f'module.{k}': v for k, v in model(3).state_dict().items()}
    checkpoint = dict(state_dict=weights)
    assert keep_fitting_weights(model(2), checkpoint) == ['1']
    assert set(weights) == {
        f'module.{layer}.{name}' for layer in '02' for name in ('weight', 'bias')
    }


def test_absent_layers_begin_anew_too():
    weights = model(2).state_dict()
    del weights['2.weight']
    assert keep_fitting_weights(model(2), dict(state_dict=weights)) == ['2']


def test_other_models_are_refused():
    weights = {'backbone.weight': torch.ones(3), **nn.Linear(4, 4).state_dict()}
    with pytest.raises(UserError, match='0 of the 6 weights'):
        keep_fitting_weights(model(2), dict(state_dict=weights))
