"""What the flags of the test tool change in a config."""

import copy
from argparse import Namespace

from mmengine.config import Config, ConfigDict

from .dataset_configs import iter_datasets, iter_evaluators
from .error_reporting import UserError
from .eval_names import set_eval_names, set_format_only

FLIPPED_META_KEYS = (
    'img_id',
    'img_path',
    'ori_shape',
    'img_shape',
    'scale_factor',
    'flip',
    'flip_direction',
)


def set_test_options(cfg: Config, args: Namespace) -> None:
    """Put the flags of ``tools/test.py`` into the config.

    Args:
        cfg: the whole config, with ``work_dir``; changed in place.
        args: the parsed flags.

    Raises:
        UserError: for a flag that the config cannot follow.
    """
    cfg.load_from = args.checkpoint
    cfg.resume = False
    if args.eval:
        set_eval_names(cfg, args.eval)
    if args.format_only:
        set_format_only(cfg)
    if args.out:
        _dump_predictions(cfg, args.out)
    if args.show or args.show_dir:
        _draw(cfg, args)
    if args.tta:
        use_test_time_augmentation(cfg)
    if args.fuse_conv_bn:
        _fuse(cfg)


def use_test_time_augmentation(cfg: Config) -> None:
    """Test each image as it is and mirrored, unless the config says how to augment."""
    datasets = [dataset.config for dataset in iter_datasets(cfg, 'test_dataloader')]
    if cfg.get('tta_model') is None:
        nms = dict(nms=dict(type='nms', iou_threshold=0.5), max_per_img=100)
        cfg.tta_model = dict(type='DetTTAModel', tta_cfg=nms)
    if cfg.get('tta_pipeline') is None:
        pack = dict(type='PackDetInputs', meta_keys=FLIPPED_META_KEYS)
        flips = [dict(type='RandomFlip', prob=prob) for prob in (1.0, 0.0)]
        augment = dict(type='TestTimeAug', transforms=[flips, [pack]])
        cfg.tta_pipeline = [*copy.deepcopy(datasets[0]['pipeline'][:-1]), augment]
    cfg.model = ConfigDict(**cfg.tta_model, module=cfg.model)
    for dataset in datasets:
        dataset['pipeline'] = copy.deepcopy(cfg.tta_pipeline)


def _dump_predictions(cfg: Config, path: str) -> None:
    if not path.endswith(('.pkl', '.pickle')):
        raise UserError(f'--out {path}: the name must end with .pkl or .pickle')
    metrics = [metric for _, metric in iter_evaluators(cfg, 'test_evaluator')]
    cfg.test_evaluator = [*metrics, dict(type='DumpDetResults', out_file_path=path)]


def _draw(cfg: Config, args: Namespace) -> None:
    hook = (cfg.get('default_hooks') or {}).get('visualization')
    if hook is None:
        raise UserError(
            '--show and --show-dir need default_hooks.visualization in the config: '
            "visualization=dict(type='DetVisualizationHook')"
        )
    hook['draw'] = True
    if args.show:
        hook.update(show=True, wait_time=args.wait_time)
    if args.show_dir:
        hook['test_out_dir'] = args.show_dir


def _fuse(cfg: Config) -> None:
    # A checkpoint holds the averaged weights as its model, so EMAHook is not needed.
    hooks = [
        hook for hook in cfg.get('custom_hooks') or [] if hook.get('type') != 'EMAHook'
    ]
    cfg.custom_hooks = [*hooks, dict(type='FuseConvBNHook')]
