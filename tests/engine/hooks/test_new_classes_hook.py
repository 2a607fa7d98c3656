from types import SimpleNamespace

from torch import nn

from mmdet_plus.engine.hooks import NewClassesHook


def test_layers_that_begin_anew_are_told():
    lines = []
    whole = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 5))
    own = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 3))
    runner = SimpleNamespace(model=own, logger=SimpleNamespace(info=lines.append))
    checkpoint = dict(state_dict=whole.state_dict())
    NewClassesHook().after_load_checkpoint(runner, checkpoint)
    assert set(checkpoint['state_dict']) == {'0.weight', '0.bias', '1.weight', '1.bias'}
    assert lines == ['layers that do not fit the checkpoint start anew: 2']
