"""What the flags of the training tool change in a config."""

from argparse import Namespace

from mmengine.config import Config
from mmengine.device import get_device

from ..errors import UserError


def set_train_options(cfg: Config, args: Namespace) -> None:
    """Put the flags of ``tools/train.py`` into the config.

    Args:
        cfg: the whole config; changed in place.
        args: the parsed flags.

    Raises:
        UserError: for a flag that the config or the machine cannot follow.
    """
    if args.amp:
        _use_mixed_precision(cfg)
    if args.auto_scale_lr:
        _scale_learning_rate(cfg)
    if args.resume is not None:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume


def _use_mixed_precision(cfg: Config) -> None:
    if cfg.get('optim_wrapper') is None:
        raise UserError('--amp: the config has no optim_wrapper')
    if get_device() == 'cpu':
        cfg.optim_wrapper.type = 'CpuAmpOptimWrapper'
        return
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.loss_scale = 'dynamic'


def _scale_learning_rate(cfg: Config) -> None:
    if 'base_batch_size' not in (cfg.get('auto_scale_lr') or {}):
        raise UserError(
            '--auto-scale-lr needs auto_scale_lr.base_batch_size in the config: the '
            'total batch size that its learning rate is meant for'
        )
    cfg.auto_scale_lr.enable = True
