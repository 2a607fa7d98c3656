"""Fits a config's schedule to the size of the data and to the batch."""

import math

from mmengine.config import Config

# What MMDetection calls 2x; for schedules that count iterations, which say nothing of
# how often an image is seen.
DEFAULT_EPOCHS = 24
WARM_UPS = ('LinearLR', 'ConstantLR')
LONGEST_WARM_UP = 0.1  # of all iterations


def fit_schedule(
    cfg: Config, *, epochs: int | None, num_images: int, num_processes: int = 1
) -> list[str]:
    """Let training last some epochs of the data, and the rate follow.

    Iterations become epochs. Milestones keep their places in the whole, a warm-up lasts
    at most a tenth of it. Every epoch is validated and saved.

    Args:
        cfg: the whole config; changed in place.
        epochs: how many; None for as many as the config has, or ``DEFAULT_EPOCHS``.
        num_images: in the training split.
        num_processes: that share a step.

    Returns:
        Lines that say what was decided.
    """
    batch = cfg.train_dataloader.batch_size * num_processes
    steps = math.ceil(num_images * _repeats(cfg.train_dataloader.dataset) / batch)
    lines = []
    if cfg.train_cfg.get('max_iters'):
        before = cfg.train_cfg.max_iters
        epochs = epochs or DEFAULT_EPOCHS
        lines.append(
            f'{before} iterations of the config become {epochs} epochs of {steps} '
            'iterations (--epochs)'
        )
        _count_epochs(cfg)
        factor = epochs * steps / before
    else:
        before = cfg.train_cfg.max_epochs
        epochs = epochs or before
        factor = epochs / before
    cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=epochs, val_interval=1)
    schedulers = cfg.get('param_scheduler') or []
    for scheduler in schedulers if isinstance(schedulers, list) else [schedulers]:
        _stretch(scheduler, factor, epochs * steps)
    for hook in cfg.get('custom_hooks') or []:
        if 'switch_epoch' in hook:
            hook['switch_epoch'] = max(1, round(hook['switch_epoch'] * factor))
    _log_each_epoch(cfg, steps)
    return [*lines, _scale_rate(cfg, num_processes)]


def _repeats(dataset: dict) -> int:
    inner = dataset.get('dataset')
    own = dataset.get('times', 1) if dataset.get('type') == 'RepeatDataset' else 1
    return own * (_repeats(inner) if inner else 1)


def _count_epochs(cfg: Config) -> None:
    cfg.train_dataloader.sampler = dict(type='DefaultSampler', shuffle=True)
    for part in (cfg.get('log_processor'), cfg.default_hooks.get('checkpoint')):
        if part is not None:
            part['by_epoch'] = True


def _stretch(scheduler: dict, factor: float, num_steps: int) -> None:
    counts_epochs = scheduler.get('by_epoch', True)
    if scheduler.get('type') in WARM_UPS and not counts_epochs:
        longest = max(1, int(num_steps * LONGEST_WARM_UP))
        scheduler['end'] = min(scheduler.get('end', longest), longest)
        return
    if factor == 1:
        return
    for name in ('begin', 'end', 'T_max', 'total_steps'):
        if scheduler.get(name):
            scheduler[name] = max(1, round(scheduler[name] * factor))
    if 'milestones' in scheduler:
        scheduler['milestones'] = sorted(
            {max(1, round(each * factor)) for each in scheduler['milestones']}
        )


def _log_each_epoch(cfg: Config, steps: int) -> None:
    hooks = cfg.default_hooks
    if hooks.get('logger'):
        hooks.logger.interval = max(1, min(hooks.logger.get('interval', 10), steps))
    if hooks.get('checkpoint'):
        hooks.checkpoint.interval = 1


def _scale_rate(cfg: Config, num_processes: int) -> str:
    own = cfg.train_dataloader.batch_size
    batch = own * num_processes
    shared = f' ({num_processes} processes x {own})' if num_processes > 1 else ''
    settings = cfg.get('auto_scale_lr') or {}
    base = settings.get('base_batch_size')
    rate = cfg.optim_wrapper.get('optimizer', {}).get('lr')
    if not base or rate is None:
        return f'learning rate {rate}: the config does not say for which batch it is'
    settings['enable'] = True
    if base == batch:
        return f'learning rate {rate:g}, for batches of {batch}{shared}'
    return (
        f'learning rate {rate:g} x {batch} / {base} = {rate * batch / base:g}, for '
        f'batches of {batch}{shared}'
    )
