import pytest
import torch
from torch import nn

from mmdet_plus.errors import UserError
from mmdet_plus.zoo.matching import check_class_names, check_match, check_start


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


def test_every_parameter_must_be_there_but_no_buffer():
    with pytest.raises(UserError, match=r'has 3 of the 4 weights .* Missing: 1\.bias'):
        check({name: w for name, w in weights().items() if name != '1.bias'})
    norm = nn.BatchNorm2d(2)
    check_match(norm, dict(weight=torch.ones(2), bias=torch.ones(2)))


def test_older_names_that_a_module_knows_pass():
    class Renamed(nn.Linear):
        def _load_from_state_dict(self, state_dict, prefix, *args):
            if f'{prefix}old' in state_dict:
                state_dict[f'{prefix}weight'] = state_dict.pop(f'{prefix}old')
            super()._load_from_state_dict(state_dict, prefix, *args)

    model = nn.Sequential(Renamed(2, 3))
    check_match(model, {'0.old': torch.rand(3, 2), '0.bias': torch.rand(3)})


@pytest.mark.parametrize('check_function', [check_match, check_start])
def test_weights_that_are_not_numbers_are_refused(check_function):
    model = nn.Linear(2, 3)
    state_dict = dict(weight=torch.full((3, 2), torch.nan), bias=torch.ones(3))
    with pytest.raises(UserError, match=r'1 of 2 weights .* hold NaN, such as weight'):
        check_function(model, dict(state_dict=state_dict))


def test_a_training_may_start_from_other_classes():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4))
    line = check_start(model, weights(out_channels=9))
    assert line == '2 of the 4 weights fit; as initialised: 1.weight, 1.bias'
    assert check_start(model, weights()) == '4 of the 4 weights fit'
    with pytest.raises(UserError, match='none of the 4 weights'):
        check_start(model, {'head.weight': torch.rand(2)})


def trained_on(*classes):
    return dict(meta=dict(dataset_meta=dict(classes=classes)))


def test_class_names_are_compared():
    assert check_class_names(trained_on('a', 'b'), ['a', 'b']) is None
    assert check_class_names({}, ['a']) is None
    assert check_class_names(trained_on('a'), None) is None
    warning = check_class_names(trained_on('a', 'b'), ('a', 'c'))
    assert 'other class names: b is now c.' in warning
    message = r"another order: write metainfo=dict\(classes=\('a', 'b'\)\)"
    with pytest.raises(UserError, match=message):
        check_class_names(trained_on('a', 'b'), ('b', 'a'))


def test_other_models_are_refused():
    message = 'has 1 of the 4 weights of this model: it belongs to another config'
    with pytest.raises(UserError, match=message):
        check({'0.weight': torch.rand(3, 2), '0.bias': torch.rand(7)})
    with pytest.raises(UserError, match='has 0 of the 4'):
        check({})


@pytest.mark.parametrize('value', [torch.inf, -torch.inf])
def test_infinite_weights_are_refused_but_no_infinite_masks(value):
    model = nn.Linear(2, 3)
    model.register_buffer('mask', torch.full((2,), value))
    state_dict = model.state_dict()
    check_match(model, dict(state_dict=state_dict))
    state_dict = {**state_dict, 'bias': torch.full((3,), value)}
    with pytest.raises(UserError, match='hold infinite values, such as bias'):
        check_match(model, dict(state_dict=state_dict))
