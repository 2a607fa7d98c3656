"""What the flags of the test tool, ``--eval`` among them, change in a config."""

import copy
import hashlib
import json
import os.path as osp
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmdet.evaluation import CocoMetric, LVISMetric, VOCMetric
from mmengine.config import Config, ConfigDict

from ..engine.prediction_shards import PredictionShards
from ..errors import UserError
from ..zoo.download import sha256_of
from .output_paths import check_file, check_folder
from .own_data import check_data_arguments, use_test_data
from .preflight.dataset_configs import iter_datasets, iter_evaluators, metric_class
from .preflight.model_parts import predicts_masks, takes_argument
from .reporting import keep_predictions

COCO_NAMES = ('bbox', 'segm', 'proposal', 'proposal_fast')
VOC_NAMES = ('mAP', 'recall')
SHARDED = {
    'TestLoop': 'ShardedTestLoop',
    'MixedPrecisionTestLoop': 'ShardedMixedPrecisionTestLoop',
}
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
    check_data_arguments(args, ('classes', 'val_fraction', 'split_seed'))
    if args.data:
        use_test_data(cfg, args)
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
    if args.amp:
        _use_mixed_precision(cfg)
    if args.report:
        check_folder(args.report, '--report')
        keep_predictions(cfg, args.report)
    set_checkpoint(cfg, args.checkpoint)
    if args.shards:
        _use_shards(cfg, args)


def set_checkpoint(cfg: Config, checkpoint: str) -> None:
    """Test the weights of a checkpoint."""
    cfg.load_from = checkpoint
    cfg.resume = False


def set_eval_names(cfg: Config, names: Sequence[str]) -> None:
    """Set what the test evaluator measures.

    Of several metrics in a list, each that knows all the names is set.

    Args:
        cfg: the whole config; changed in place.
        names: values of ``--eval``.

    Raises:
        UserError: for a name that no metric of the config knows, or ``segm`` when the
            model predicts no masks.
    """
    metrics = list(iter_evaluators(cfg, 'test_evaluator'))
    able = [item for item in metrics if set(names) <= set(valid_names(item[1]))]
    if not able:
        raise UserError(f'--eval {" ".join(names)}: {_explain(metrics)}')
    if 'segm' in names and not predicts_masks(cfg.model):
        raise UserError(
            '--eval segm: the model predicts no masks (it has no mask_head); '
            'use --eval bbox'
        )
    for _, metric in able:
        _set_metric(metric, list(dict.fromkeys(names)))


def valid_names(metric: dict) -> tuple[str, ...]:
    """The names that ``--eval`` may set for a metric's config; empty if none."""
    kind = metric_class(metric)
    if kind is not None and issubclass(kind, CocoMetric | LVISMetric):
        return COCO_NAMES
    return VOC_NAMES if kind is not None and issubclass(kind, VOCMetric) else ()


def set_format_only(cfg: Config) -> None:
    """Make the test write result files, by default into the work directory.

    ``CocoMetric`` and its kin write JSON files, ``VOCMetric`` those of VOC's server.

    Args:
        cfg: the whole config, with ``work_dir``; changed in place.

    Raises:
        UserError: if a metric cannot write files.
    """
    metrics = list(iter_evaluators(cfg, 'test_evaluator'))
    for key, metric in metrics:
        if metric_class(metric) is VOCMetric:
            metric['type'] = 'VOCSubmissionMetric'
        kind = metric_class(metric)
        if not takes_argument(kind, 'format_only'):
            raise UserError(
                f'--format-only: {key} ({metric.get("type")}) writes no result files; '
                'CocoMetric and VOCMetric do'
            )
    for key, metric in metrics:
        metric['format_only'] = True
        index = key.rpartition('.')[2] if '.' in key else ''
        default = osp.join(cfg.work_dir, f'results{index}')
        metric['outfile_prefix'] = metric.get('outfile_prefix') or default


def use_test_time_augmentation(cfg: Config) -> None:
    """Test each image as it is and mirrored, unless the config says how to augment.

    Args:
        cfg: the whole config; changed in place.

    Raises:
        UserError: if the model predicts masks and nothing says how to merge them.
    """
    datasets = [dataset.config for dataset in iter_datasets(cfg, 'test_dataloader')]
    merging = (cfg.get('tta_model') or {}).get('type', 'DetTTAModel')
    if merging == 'DetTTAModel' and predicts_masks(cfg.model):
        raise UserError(
            '--tta: DetTTAModel merges boxes only, and the model predicts masks; '
            'test without --tta, or set tta_model to a class that merges them'
        )
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


def _set_metric(metric: dict, names: list[str]) -> None:
    if valid_names(metric) == VOC_NAMES and len(names) > 1:
        raise UserError(
            f'--eval {" ".join(names)}: {metric["type"]} measures one at a time; '
            f'valid: {" or ".join(VOC_NAMES)}'
        )
    metric['metric'] = names if valid_names(metric) == COCO_NAMES else names[0]


def _explain(metrics: Sequence[tuple[str, dict]]) -> str:
    if not metrics:
        return 'the config has no test_evaluator'
    parts = []
    for key, metric in metrics:
        names = ', '.join(valid_names(metric)) or 'none, it does not support --eval'
        parts.append(f'{key} ({metric.get("type")}): {names}')
    return f'valid names are {"; ".join(parts)}'


def _dump_predictions(cfg: Config, path: str) -> None:
    if not path.endswith(('.pkl', '.pickle')):
        raise UserError(f'--out {path}: the name must end with .pkl or .pickle')
    check_file(path, '--out')
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


def _use_mixed_precision(cfg: Config) -> None:
    kind = (cfg.get('test_cfg') or {}).get('type', 'TestLoop')
    if kind != 'TestLoop':
        raise UserError(f'--amp: the test_cfg of the config is a {kind}, no TestLoop')
    cfg.test_cfg = dict(type='MixedPrecisionTestLoop')


def _use_shards(cfg: Config, args: Namespace) -> None:
    if args.report:
        raise UserError(
            '--report cannot be had with --shards; write --out FILE.pkl and give it to '
            'the report tool as --predictions'
        )
    kind = (cfg.get('test_cfg') or {}).get('type', 'TestLoop')
    if kind not in SHARDED:
        raise UserError(f'--shards: the test_cfg of the config is a {kind}')
    check_folder(args.shards, '--shards')
    about = _describe_test(cfg)
    PredictionShards(args.shards, about).check()
    cfg.test_cfg = dict(type=SHARDED[kind], folder=str(args.shards), about=about)
    cfg.test_dataloader.sampler = dict(type='ChosenSampler', shuffle=False)


def _describe_test(cfg: Config) -> dict[str, str]:
    """What must be the same for predictions to belong together."""
    path = Path(cfg.load_from)
    weights = sha256_of(path) if path.is_file() else cfg.load_from
    return dict(
        model=_digest(cfg.model),
        data=_digest(cfg.test_dataloader.dataset),
        # What they write and measure may differ; what they keep of an image may not.
        metrics=_digest(
            [item.get('type') for _, item in iter_evaluators(cfg, 'test_evaluator')]
        ),
        precision=_digest(cfg.get('test_cfg')),
        checkpoint=weights,
    )


def _digest(part: Any) -> str:
    text = json.dumps(part, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _fuse(cfg: Config) -> None:
    # A checkpoint holds the averaged weights as its model, so EMAHook is not needed.
    hooks = [
        hook for hook in cfg.get('custom_hooks') or [] if hook.get('type') != 'EMAHook'
    ]
    cfg.custom_hooks = [*hooks, dict(type='FuseConvBNHook')]
