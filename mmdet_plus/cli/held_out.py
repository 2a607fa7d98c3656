"""Lets a test measure on the images that its training held out."""

from argparse import Namespace
from typing import Any

from mmengine.config import Config

from ..datasets.folders import DataFolder
from ..errors import UserError
from ..zoo.config_texts import ConfigTextError, config_of
from .preflight.dataset_configs import iter_datasets

FLAGS = {'fraction': 'val_fraction', 'seed': 'split_seed'}


def as_in_training(
    data: DataFolder, checkpoint: dict[str, Any], args: Namespace
) -> DataFolder:
    """The data, divided as they were when a detector was trained on them.

    Args:
        data: only what is tested on by its division is changed.
        checkpoint: of the detector, which may carry the config of its training.
        args: with ``val_fraction`` and ``split_seed``, None where nobody set them.

    Raises:
        UserError: for another division than that of the training.
    """
    own = (data.splits.get('val') or {}).get('held_out')
    division = division_of(checkpoint)
    if own is None or 'test' in data.splits or division is None:
        return data
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


def division_of(checkpoint: dict[str, Any]) -> dict[str, Any] | None:
    """``fraction`` and ``seed`` of the images that a training held out, if it did.

    Args:
        checkpoint: with the text of its config, which is read as data.
    """
    try:
        cfg: Config | None = config_of(checkpoint)
    except ConfigTextError:
        return None
    for dataset in iter_datasets(cfg, 'train_dataloader') if cfg else ():
        held = dataset.config.get('held_out')
        if held:
            return {
                key: held.get(key, dict(fraction=0.2, seed=0)[key]) for key in FLAGS
            }
    return None
