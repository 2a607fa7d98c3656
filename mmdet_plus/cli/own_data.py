"""Points a config at a folder of labelled images: ``--data FOLDER``."""

import csv
import difflib
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.runner import CheckpointLoader

from ..datasets.checking import examine, refuse_errors
from ..datasets.folders import DataFolder, recognise
from ..datasets.folders.content import SPLIT_SEED, VAL_FRACTION
from ..errors import UserError
from ..tool_names import tool_command
from .arguments import is_first_process, number_in
from .held_out import as_in_training
from .preflight.checks import print_warnings
from .preflight.dataset_configs import iter_datasets
from .preflight.model_parts import predicts_masks, set_class_counts

# What stays of a config's own dataset.
KEPT_ARGUMENTS = ('pipeline', 'filter_cfg', 'test_mode', 'serialize_data', 'indices')


def add_data_arguments(parser: ArgumentParser) -> None:
    """Add ``--data`` and what chooses a part of it."""
    group = parser.add_argument_group('own data')
    group.add_argument(
        '--data',
        metavar='FOLDER',
        help='labelled images in COCO, VOC or YOLO format, in place of the data of the '
        'config; classes and all that depends on them are set',
    )
    add_data_choice(group)


def add_data_choice(group: Any) -> None:
    """Add what chooses a part of the data to a parser or a group of it."""
    group.add_argument(
        '--classes',
        metavar='A,B',
        help='only these classes of --data, in this order; a name with a comma in '
        'double quotes',
    )
    group.add_argument(
        '--val-fraction',
        type=number_in(0.01, 0.9),
        metavar='PART',
        help='of the images of --data held out for validation, where it has no '
        f'validation split; {VAL_FRACTION:g}',
    )
    group.add_argument(
        '--split-seed', type=int, help=f'of that division; {SPLIT_SEED}', metavar='N'
    )


def check_data_arguments(args: Namespace, names: Sequence[str]) -> None:
    """Raise ``UserError`` for flags that mean nothing without ``--data``."""
    # 0 is a number that somebody gave.
    given = [n for n in names if not any(getattr(args, n) is v for v in (None, False))]
    if args.data == '':
        raise UserError('--data is empty: give a folder, or leave the flag out')
    if args.data is None and given:
        raise UserError(f'--{given[0].replace("_", "-")} needs --data')


def read_data_folder(
    args: Namespace, needed: Sequence[str] = ('train', 'val')
) -> DataFolder:
    """The folder of ``--data`` with the classes of ``--classes``.

    Args:
        args: with what ``add_data_arguments`` adds.
        needed: splits that must not be broken.
    """
    data = recognise(
        args.data,
        val_fraction=args.val_fraction,
        split_seed=args.split_seed,
        needed=needed,
    )
    if args.classes is None:
        return data
    chosen = _names_of(args.classes)
    for name in chosen:
        if name not in data.classes:
            close = difflib.get_close_matches(name, data.classes, n=3)
            hint = f'did you mean {" or ".join(close)}?' if close else 'they are '
            shown = hint if close else hint + ', '.join(data.classes)
            if any(',' in own for own in data.classes):
                shown += """; quote a name with a comma: --classes '"a, b",c'"""
            raise UserError(f'--classes: {args.data} has no class {name!r}; {shown}')
    repeated = {name for name in chosen if chosen.count(name) > 1}
    if repeated:
        raise UserError(f'--classes names {", ".join(sorted(repeated))} twice')
    if not chosen:
        raise UserError(
            f'--classes names no class; {args.data} has {", ".join(data.classes)}'
        )
    return data.with_classes(chosen)


def _names_of(text: str) -> list[str]:
    """Names between commas; one that has a comma itself stands in double quotes."""
    (words,) = csv.reader([text], skipinitialspace=True) if text else [[]]
    return [word.strip() for word in words if word.strip()]


def use_training_data(cfg: Config, args: Namespace) -> DataFolder:
    """Let a config train and validate on the folder.

    Args:
        cfg: the whole config; changed in place.
        args: with what ``add_data_arguments`` adds.

    Raises:
        UserError: for data that are not recognised, cannot be read or have no train
            split.
    """
    data = read_data_folder(args)
    _check_split(data, 'train')  # where there is one, there is one to validate with
    _use(cfg, data, dict(train='train', val='val', test=_test_split(data)))
    _examine(args, cfg, data, 'train', 'val')
    return data


def use_test_data(cfg: Config, args: Namespace) -> DataFolder:
    """Let a config be tested on the folder, with the classes of the checkpoint.

    See ``use_training_data``.
    """
    data = read_data_folder(args, needed=('test', 'val'))
    checkpoint = CheckpointLoader.load_checkpoint(args.checkpoint, map_location='cpu')
    data = as_in_training(data, checkpoint, args)
    learned = _learned_classes(checkpoint)
    if learned:
        data = _with_learned(data, learned, args)
    split = _test_split(data)
    _check_split(data, split)
    _use(cfg, data, dict(test=split))
    _examine(args, cfg, data, split)
    return data


def _with_learned(
    data: DataFolder, learned: Sequence[str], args: Namespace
) -> DataFolder:
    if args.classes:
        if list(data.classes) != [*learned]:
            raise UserError(
                f'--classes: {args.checkpoint} learned {",".join(learned)}, which are '
                'measured with all of them and in their order; leave --classes out'
            )
        return data
    if not set(learned) & set(data.classes):
        raise UserError(
            f'no class of {args.checkpoint} is in {args.data}.\n'
            f'  classes of the checkpoint: {", ".join(learned)}\n'
            f'  classes of the data: {", ".join(data.classes)}'
        )
    unknown = [name for name in data.classes if name not in learned]
    if unknown and is_first_process(args.launcher):
        print(f'classes that the checkpoint never learned: {", ".join(unknown)}')
    return data.with_classes(learned)


def _learned_classes(checkpoint: dict[str, Any]) -> list[str]:
    meta = (checkpoint.get('meta') or {}).get('dataset_meta') or {}
    return list(meta.get('classes') or meta.get('CLASSES') or ())


def _test_split(data: DataFolder) -> str:
    return 'test' if 'test' in data.splits else 'val'


def _check_split(data: DataFolder, split: str) -> None:
    if split not in data.splits:
        raise UserError(
            f'{data.root} ({data.format}) has no {split} split, only '
            f'{", ".join(data.splits)}'
        )


def _use(cfg: Config, data: DataFolder, splits: dict[str, str]) -> None:
    for name, split in splits.items():
        loader = cfg.get(f'{name}_dataloader')
        if loader is None:
            raise UserError(f'--data: the config has no {name}_dataloader')
        arguments = dict(data.splits[split])
        if predicts_masks(cfg.model):
            arguments['needs_masks'] = True
        loader.dataset = _exchanged(loader.dataset, arguments)
        if name == 'train':
            continue
        (dataset, *_) = iter_datasets(cfg, f'{name}_dataloader')
        measured = {
            key: value for key, value in dataset.config.items() if key != 'pipeline'
        }
        metrics = ['bbox', 'segm'] if predicts_masks(cfg.model) else ['bbox']
        cfg[f'{name}_evaluator'] = ConfigDict(
            type='FolderCocoMetric',
            dataset=measured,
            metric=metrics,
            classwise=len(data.classes) > 1,
        )
    set_class_counts(cfg.model, len(data.classes))


def _exchanged(node: ConfigDict, split: dict) -> ConfigDict:
    """A dataset's config with its innermost dataset exchanged; of several the first."""
    if node.get('dataset') is not None:
        return ConfigDict(node, dataset=_exchanged(node['dataset'], split))
    if node.get('datasets'):
        return _exchanged(node['datasets'][0], split)
    kept = {name: node[name] for name in KEPT_ARGUMENTS if name in node}
    return ConfigDict(**kept, **split)


def _examine(args: Namespace, cfg: Config, data: DataFolder, *splits: str) -> None:
    """Run the fast checks, in the first process, and say what was found."""
    if not is_first_process(args.launcher):
        return
    examination = examine(
        data,
        splits=splits,
        pixels=False,
        needs_masks=predicts_masks(cfg.model),
        input_size=input_size(cfg),
    )
    refuse_errors(examination, tool_command('check_data.py'))
    counts = ', '.join(
        f'{len(content["images"])} {split}'
        for split, content in examination.contents.items()
    )
    names = ', '.join(data.classes[:10]) + (', ...' if len(data.classes) > 10 else '')
    print(f'{data.root}: {data.format}, {counts} images, {len(data.classes)} classes:')
    print(f'  {names}')
    for remark in data.remarks:
        print(remark)
    print_warnings(examination.warnings)


def input_size(cfg: Config) -> tuple[int, int] | None:
    """Width and height into which the test pipeline scales images, if it says so."""
    for dataset in iter_datasets(cfg, 'test_dataloader'):
        for step in dataset.config.get('pipeline') or ():
            scale = step.get('scale')
            if 'Resize' in step['type'] and isinstance(scale, list | tuple):
                return scale[0], scale[1]
    return None
