"""What the flags of the training tool change in a config."""

from argparse import Namespace

from mmengine.config import Config
from mmengine.device import get_device

from ..errors import UserError
from ..zoo.file_checks import check_checkpoint
from .arguments import is_first_process, num_processes
from .own_data import check_data_arguments, use_training_data
from .resuming import check_resumable, refuse_second_training, resume_newest
from .schedules import fit_schedule

MEASURE = 'coco/bbox_mAP'
# Of an AP, which has three decimals: with 0 the hook takes the same AP for a rise.
MIN_RISE = 1e-6
EARLY_STOP = dict(
    type='EarlyStoppingHook', monitor=MEASURE, rule='greater', min_delta=MIN_RISE
)
# As MMDetection's configs of RTMDet average.
AVERAGE = dict(
    type='EMAHook',
    ema_type='ExpMomentumEMA',
    momentum=0.0002,
    update_buffers=True,
    priority=49,
)


def set_train_options(cfg: Config, args: Namespace) -> None:
    """Put the flags of ``tools/train.py`` into the config.

    Args:
        cfg: the whole config; changed in place.
        args: the parsed flags.

    Raises:
        UserError: for a flag that the config or the machine cannot follow.
    """
    check_data_arguments(
        args, ('classes', 'val_fraction', 'split_seed', 'epochs', 'patience', 'ema')
    )
    if args.load:
        _check_load(args)  # before data are read, which takes long
    if args.data:
        _train_on_own_data(cfg, args)
    if args.load:
        _begin_with(cfg, args)
    if args.amp:
        _use_mixed_precision(cfg)
    if args.auto_scale_lr:
        _scale_learning_rate(cfg)
    _save_whole_checkpoints(cfg)
    _checkpoint_activations(cfg)
    for line in _choose_start(cfg, args):
        if is_first_process(cfg.launcher):
            print(line)


def _save_whole_checkpoints(cfg: Config) -> None:
    hook = (cfg.get('default_hooks') or {}).get('checkpoint')
    if hook is not None and hook.get('type') == 'CheckpointHook':
        hook['type'] = 'WholeCheckpointHook'


def _checkpoint_activations(cfg: Config) -> None:
    modules = cfg.pop('activation_checkpointing', None)
    if modules:
        hook = dict(type='ActivationCheckpointingHook', modules=modules)
        cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), hook]


def _choose_start(cfg: Config, args: Namespace) -> list[str]:
    """Set ``resume`` and ``load_from``; what to tell the user about it."""
    lines = []
    resumes_newest = bool(cfg.get('resume')) and not cfg.get('load_from')
    if args.resume == 'auto' or (args.resume is None and resumes_newest):
        lines = resume_newest(cfg)
    elif args.resume is not None:
        cfg.resume, cfg.load_from = True, args.resume
    if cfg.get('resume'):
        check_checkpoint(cfg.load_from)
        return lines + check_resumable(cfg)
    if is_first_process(cfg.launcher):
        refuse_second_training(cfg, overwrite=args.overwrite)
    return lines


def _train_on_own_data(cfg: Config, args: Namespace) -> None:
    data = use_training_data(cfg, args)
    images = data.dataset('train').ground_truth()['images']
    lines = fit_schedule(
        cfg,
        epochs=args.epochs,
        num_images=len(images),
        num_processes=num_processes(args.launcher),
    )
    if is_first_process(args.launcher):
        print('\n'.join(lines))
    cfg.default_hooks.checkpoint.update(save_best=MEASURE, rule='greater')
    hooks = list(cfg.get('custom_hooks') or [])
    if args.patience:
        hooks.append(dict(EARLY_STOP, patience=args.patience))
    if args.ema and not any(hook['type'] == 'EMAHook' for hook in hooks):
        hooks.append(dict(AVERAGE))
    cfg.custom_hooks = hooks


def _check_load(args: Namespace) -> None:
    if args.resume is not None:
        raise UserError('--load begins a training, --resume goes on with one: use one')
    try:
        check_checkpoint(args.load)
    except UserError as error:
        raise UserError(f'--load: {error}') from error


def _begin_with(cfg: Config, args: Namespace) -> None:
    cfg.load_from = args.load
    cfg.custom_hooks = [
        *(cfg.get('custom_hooks') or []),
        dict(type='NewClassesHook'),
    ]
    # What the checkpoint brings need not be downloaded before.
    if (cfg.model.get('backbone') or {}).get('init_cfg'):
        cfg.model.backbone.init_cfg = None


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
