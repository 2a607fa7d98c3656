"""Lets a test measure on the images that its training held out."""

import os.path as osp
from argparse import Namespace
from typing import Any

from mmengine.config import Config

from ..datasets.folders import DataFolder
from ..datasets.folders.content import SPLIT_SEED, VAL_FRACTION
from ..errors import UserError
from ..zoo.config_texts import ConfigTextError, config_of
from .preflight.dataset_configs import iter_datasets

DEFAULTS = {'fraction': VAL_FRACTION, 'seed': SPLIT_SEED}
FLAGS = {'fraction': 'val_fraction', 'seed': 'split_seed'}


def as_in_training(
    data: DataFolder, checkpoint: dict[str, Any], args: Namespace
) -> DataFolder:
    """The data, divided as they were when a detector was trained on them.

    Args:
        data: only what is tested on by its division is changed.
        checkpoint: of the detector, which may carry the config of its training. One
            that was trained on another folder leaves all images to measure on.
        args: with ``val_fraction`` and ``split_seed``, None where nobody set them.

    Raises:
        UserError: for another division than that of the training.
    """
    own = (data.splits.get('val') or {}).get('held_out')
    division = division_of(checkpoint)
    if own is None or 'test' in data.splits or division is None:
        return data
    root = division.pop('root')
    if root and osp.realpath(root) != osp.realpath(data.root):
        return _of_other_folder(data, root, args)
    for key, flag in FLAGS.items():
        given = getattr(args, flag)
        if given is not None and given != division[key]:
            raise UserError(
                f'--{flag.replace("_", "-")} {given:g}: {args.checkpoint} was trained '
                f'with {division[key]:g}, so it saw images that would be measured on; '
                'leave the flag out'
            )
    data = data.divided(division['fraction'], division['seed'])
    told = f'these are the images that the training of {args.checkpoint} held out'
    return data._replace(remarks=(*data.remarks, told))


def _of_other_folder(data: DataFolder, root: str, args: Namespace) -> DataFolder:
    trained = f'{args.checkpoint} was trained on {root}'
    if any(getattr(args, flag) is not None for flag in FLAGS.values()):
        told = f'{trained}, another folder: it is divided as the flags say'
        return data._replace(remarks=(*data.remarks, told))
    data = data.undivided()
    told = (
        f'{trained}, another folder: all images are measured on; if they are the same '
        'images, give --val-fraction and --split-seed as in the training'
    )
    return data._replace(remarks=(*data.remarks, told))


def division_of(checkpoint: dict[str, Any]) -> dict[str, Any] | None:
    """``fraction``, ``seed`` and ``root`` of the images that a training held out.

    Args:
        checkpoint: with the text of its config, which is read as data.

    Returns:
        The three, the root None if the config names none; None if nothing was held out.
    """
    try:
        cfg: Config | None = config_of(checkpoint)
    except ConfigTextError:
        return None
    for dataset in iter_datasets(cfg, 'train_dataloader') if cfg else ():
        held = dataset.config.get('held_out')
        if held:
            known = {key: held.get(key, DEFAULTS[key]) for key in FLAGS}
            return dict(known, root=dataset.config.get('data_root'))
    return None
