import pytest
from mmengine.config import Config

from mmdet_plus.cli.schedules import fit_schedule

IMAGES = dict(type='YOLODataset')


def config(train_cfg, schedulers, dataset=IMAGES, base=16):
    return Config(
        dict(
            train_cfg=train_cfg,
            train_dataloader=dict(
                batch_size=4, dataset=dataset, sampler=dict(type='X')
            ),
            param_scheduler=schedulers,
            optim_wrapper=dict(optimizer=dict(lr=0.02)),
            auto_scale_lr=dict(enable=False, base_batch_size=base),
            default_hooks=dict(logger=dict(interval=50), checkpoint=dict(interval=4)),
            log_processor=dict(by_epoch=False),
        )
    )


def epochs_config(**changes):
    schedulers = [
        dict(type='LinearLR', by_epoch=False, begin=0, end=500),
        dict(type='MultiStepLR', begin=0, end=24, milestones=[16, 22]),
        dict(type='CosineAnnealingLR', begin=0, end=24, T_max=24),
    ]
    train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=24, val_interval=4)
    return config(train_cfg, schedulers, **changes)


def test_milestones_keep_their_places_and_warm_ups_a_tenth():
    cfg = epochs_config()
    (line,) = fit_schedule(cfg, epochs=12, num_images=78)
    warm_up, steps, cosine = cfg.param_scheduler
    assert warm_up.end == 24  # of 12 epochs of 20 steps
    assert (steps.milestones, steps.end) == ([8, 11], 12)
    assert (cosine.T_max, cosine.end) == (12, 12)
    assert cfg.train_cfg.to_dict() == dict(
        type='EpochBasedTrainLoop', max_epochs=12, val_interval=1
    )
    assert cfg.default_hooks.logger.interval == 20
    assert cfg.default_hooks.checkpoint.interval == 1
    assert line == 'learning rate 0.02 x 4 / 16 = 0.005, for batches of 4'
    assert cfg.auto_scale_lr.enable is True


def test_without_a_wish_epochs_stay():
    cfg = epochs_config(base=8)
    (line,) = fit_schedule(cfg, epochs=None, num_images=4000, num_processes=2)
    assert cfg.train_cfg.max_epochs == 24
    assert cfg.param_scheduler[0].end == 500
    assert cfg.param_scheduler[1].milestones == [16, 22]
    assert line == 'learning rate 0.02, for batches of 8 (2 processes x 4)'


def test_the_rate_is_that_of_the_batch_of_all_processes():
    cfg = epochs_config()
    (line,) = fit_schedule(cfg, epochs=None, num_images=90, num_processes=3)
    assert line == (
        'learning rate 0.02 x 12 / 16 = 0.015, for batches of 12 (3 processes x 4)'
    )
    assert cfg.param_scheduler[0].end == 19  # a tenth of 24 epochs of 8 steps


def test_iterations_become_epochs():
    schedulers = [dict(type='MultiStepLR', by_epoch=False, milestones=[120, 160])]
    repeated = dict(type='RepeatDataset', times=2, dataset=IMAGES)
    cfg = config(dict(type='IterBasedTrainLoop', max_iters=180), schedulers, repeated)
    lines = fit_schedule(cfg, epochs=None, num_images=30)
    assert lines[0] == '180 iterations of the config become 24 epochs of 15 ' + (
        'iterations (--epochs)'
    )
    assert cfg.param_scheduler[0].milestones == [240, 320]
    assert cfg.train_dataloader.sampler.type == 'DefaultSampler'
    assert cfg.log_processor.by_epoch is True
    assert cfg.default_hooks.checkpoint.by_epoch is True


def test_unknown_base_batch_is_told():
    cfg = epochs_config(base=None)
    assert (
        'does not say for which batch' in fit_schedule(cfg, epochs=1, num_images=9)[0]
    )


@pytest.mark.parametrize('epochs', [1, 2])
def test_short_trainings_have_whole_numbers(epochs):
    cfg = epochs_config()
    fit_schedule(cfg, epochs=epochs, num_images=8)
    assert all(m >= 1 for m in cfg.param_scheduler[1].milestones)
    assert cfg.param_scheduler[0].end >= 1


def test_every_kind_of_schedule_is_stretched():
    schedulers = [
        dict(type='LinearLR', by_epoch=True, begin=0, end=4),
        dict(type='OneCycleLR', begin=4, end=24, total_steps=24),
    ]
    train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=24, val_interval=4)
    cfg = config(train_cfg, schedulers)
    cfg.custom_hooks = [
        dict(type='PipelineSwitchHook', switch_epoch=20),
        dict(type='NumClassCheckHook'),
    ]
    fit_schedule(cfg, epochs=12, num_images=80)
    warm_up, cycle = cfg.param_scheduler
    assert (warm_up.begin, warm_up.end) == (0, 2)
    assert (cycle.begin, cycle.end, cycle.total_steps) == (2, 12, 12)
    assert cfg.custom_hooks[0].switch_epoch == 10
    assert 'switch_epoch' not in cfg.custom_hooks[1]


def test_a_single_schedule_is_stretched():
    step = dict(type='MultiStepLR', milestones=[8, 11])
    train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=12, val_interval=1)
    cfg = config(train_cfg, step)
    fit_schedule(cfg, epochs=36, num_images=80)
    assert cfg.param_scheduler.milestones == [24, 33]


@pytest.mark.parametrize('wish', [None, 12])
def test_the_epochs_of_the_config_count(wish):
    train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=12, val_interval=1)
    cfg = config(train_cfg, [])
    fit_schedule(cfg, epochs=wish, num_images=80)
    assert cfg.train_cfg.max_epochs == 12


@pytest.mark.parametrize(('num_images', 'interval'), [(400, 50), (40, 10), (1, 1)])
def test_at_least_one_line_an_epoch_is_logged(num_images, interval):
    cfg = epochs_config()
    fit_schedule(cfg, epochs=None, num_images=num_images)
    assert cfg.default_hooks.logger.interval == interval


def test_repetitions_count_through_wrappers():
    inner = dict(type='RepeatDataset', times=3, dataset=IMAGES)
    wrapped = dict(type='MultiImageMixDataset', times=9, dataset=inner)
    repeated = dict(type='RepeatDataset', times=2, dataset=wrapped)
    train_cfg = dict(type='IterBasedTrainLoop', max_iters=180)
    (line, _) = fit_schedule(config(train_cfg, [], repeated), epochs=2, num_images=10)
    assert line.startswith('180 iterations of the config become 2 epochs of 15')
