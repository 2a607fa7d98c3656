import pytest
from mmengine.config import Config

from mmdet_plus.engine.error_reporting import UserError
from mmdet_plus.engine.value_ranges import check_values


@pytest.fixture
def cfg():
    return Config(
        dict(
            train_dataloader=dict(batch_size=2, num_workers=0),
            val_dataloader=None,
            train_cfg=dict(max_epochs=1),
            optim_wrapper=dict(optimizer=dict(lr=0.0)),
            randomness=dict(seed=None),
        )
    )


def test_good_values_pass(cfg):
    check_values(cfg)


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('train_dataloader.batch_size', 0),
        ('train_dataloader.batch_size', 1.5),
        ('train_dataloader.batch_size', 'two'),
        ('train_dataloader.batch_size', True),
        ('train_dataloader.num_workers', -1),
        ('train_cfg.max_epochs', -1),
        ('train_cfg.max_iters', 0),
        ('train_cfg.val_interval', 0),
        ('optim_wrapper.optimizer.lr', -0.1),
        ('optim_wrapper.optimizer.lr', float('nan')),
        ('optim_wrapper.optimizer.lr', float('inf')),
        ('optim_wrapper.accumulative_counts', 0),
        ('randomness.seed', -1),
    ],
)
def test_bad_value_is_named(cfg, key, value):
    cfg.merge_from_dict({key: value})
    with pytest.raises(UserError, match=f'{key} must be') as caught:
        check_values(cfg)
    assert repr(value) in str(caught.value)


def test_persistent_workers_need_workers(cfg):
    cfg.train_dataloader.persistent_workers = True
    with pytest.raises(UserError, match='persistent_workers=False'):
        check_values(cfg)
    cfg.train_dataloader.num_workers = 1
    check_values(cfg)
