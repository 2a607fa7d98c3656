import pytest
from mmengine.config import Config

from mmdet_plus.engine.config_options import apply_options
from mmdet_plus.engine.error_reporting import UserError


@pytest.fixture
def cfg():
    return Config(
        dict(
            model=dict(backbone=dict(depth=50)),
            train_dataloader=dict(batch_size=2),
            steps=[dict(type='A'), dict(type='B')],
            pair=(1, 2),
        )
    )


def test_values_are_set(cfg):
    apply_options(
        cfg, {'model.backbone.depth': 101, 'steps.1.type': 'C', 'model.new': 1}
    )
    assert cfg.model.backbone.depth == 101
    assert [step.type for step in cfg.steps] == ['A', 'C']
    assert cfg.model.new == 1


def test_close_top_level_key_is_suggested(cfg):
    with pytest.raises(UserError, match=r'did you mean.*train_dataloader'):
        apply_options(cfg, {'train_dataloder.batch_size': 4})
    assert 'train_dataloder' not in cfg


@pytest.mark.parametrize(
    'key', ['load_from', 'resume', 'work_dir', 'visualizer', 'custom_hooks', 'env_cfg']
)
def test_keys_of_the_runner_may_be_new(cfg, key):
    apply_options(cfg, {key: None})
    assert key in cfg


@pytest.mark.parametrize(
    ('key', 'message'),
    [
        ('steps.2.type', 'index 2 is out of range: steps has 2 elements'),
        ('steps.2', 'index 2 is out of range'),
        ('steps.first', 'needs an index from 0 to 1'),
        ('model.backbone.depth.x', 'model.backbone.depth is 50, which has no keys'),
        ('pair.0', 'pair is a tuple'),
    ],
)
def test_wrong_paths(cfg, key, message):
    with pytest.raises(UserError, match=message):
        apply_options(cfg, {key: 1})
