"""Recognises which format a folder has, and what its splits and classes are."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmdet.registry import DATASETS

from mmdet_plus.errors import UserError

from . import coco, voc, yolo
from .content import (
    SPLIT_SEED,
    VAL_FRACTION,
    Content,
    leave_out,
    read_text,
    used_names,
)
from .left_out import NUM_EXAMPLES, remarks_on_files
from .refusal import folders_below, hint

FORMATS = {'COCO': coco, 'YOLO': yolo, 'VOC': voc}
EXPECTED = """what is recognised:
  COCO  annotations/instances_train.json, train/*.jpg; train/_annotations.coco.json
  VOC   Annotations/*.xml, JPEGImages/*.jpg, ImageSets/Main/train.txt
  YOLO  data.yaml, images/train/*.jpg, labels/train/*.txt"""

UNDIVIDED = 'no validation split'
BACKGROUND = ('background', '__background__', '_background_', '__ignore__')


class DataFolder(NamedTuple):
    """A folder of labelled images.

    Attributes:
        root: its path.
        format: one of ``FORMATS``.
        splits: of ``train``, ``val`` and ``test`` those that there are, each as the
            config of a dataset without a pipeline.
        classes: names, in the order of the data.
        remarks: what a user wants to know about how the splits were made.
    """

    root: str
    format: str
    splits: dict[str, dict]
    classes: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    def dataset(self, split: str) -> Any:
        """The dataset of a split, which has not read anything yet."""
        return DATASETS.build(dict(self.splits[split], lazy_init=True))

    def with_classes(self, classes: Sequence[str]) -> 'DataFolder':
        """The same data, with these classes in this order."""
        metainfo = dict(classes=tuple(classes))
        splits = {
            name: dict(split, metainfo=metainfo) for name, split in self.splits.items()
        }
        return self._replace(splits=splits, classes=tuple(classes))

    def divided(self, fraction: float, seed: int) -> 'DataFolder':
        """The same data, of which these images are held out for validation."""
        splits = {
            name: dict(split, held_out=dict(keep=name, fraction=fraction, seed=seed))
            if 'held_out' in split
            else split
            for name, split in self.splits.items()
        }
        remarks = (_on_division(fraction, seed), *self._other_remarks())
        return self._replace(splits=splits, remarks=remarks)

    def undivided(self) -> 'DataFolder':
        """The same data, with all images in the parts that were divided."""
        splits = {
            name: {key: value for key, value in split.items() if key != 'held_out'}
            for name, split in self.splits.items()
        }
        return self._replace(splits=splits, remarks=self._other_remarks())

    def _other_remarks(self) -> tuple[str, ...]:
        return tuple(one for one in self.remarks if not one.startswith(UNDIVIDED))


def recognise(
    folder: str,
    *,
    val_fraction: float | None = None,
    split_seed: int | None = None,
    needed: Sequence[str] = ('train', 'val'),
) -> DataFolder:
    """Find out what a folder holds.

    Args:
        folder: in any usual layout of COCO, VOC or YOLO.
        val_fraction: of the images that are held out for validation where the data have
            no validation split; None for 0.2.
        split_seed: of that division; None for 0.
        needed: splits that must not be broken; others that are, are left out.

    Raises:
        UserError: if nothing is recognised, or a file cannot be read.
    """
    root = Path(folder)
    if not root.is_dir():
        state = 'is a file, not a folder' if root.exists() else 'does not exist'
        raise UserError(f'data folder {folder} {state}')
    found = _find(root, needed)
    _leave_out_rest(found.splits, found.remarks)
    splits = {
        split: dict(arguments, data_root=folder)
        for split, arguments in found.splits.items()
    }
    splits = _divide(splits, val_fraction, split_seed, found.remarks)
    return _read(DataFolder(folder, found.format, splits, ()), found.remarks, needed)


class _Found(NamedTuple):
    format: str
    splits: dict[str, dict]
    remarks: list[str]


def _find(root: Path, needed: Sequence[str]) -> _Found:
    """What a folder holds, or else an error that says what it holds instead."""
    found, error = _look(root, needed)
    if found:
        return found
    if error:
        raise error
    below: list[Path] = []
    for path in folders_below(root):
        if path.parent not in below and _look(path, needed)[0]:
            below.append(path)
    if below:
        shown = ', '.join(map(str, below[:NUM_EXAMPLES]))
        raise UserError(
            f'{root} is no labelled data itself, but below it there are: give '
            f'{shown if len(below) == 1 else "one of " + shown}'
        )
    raise UserError(f'{root} holds no labelled images{hint(root)}; {EXPECTED}')


def _look(root: Path, needed: Sequence[str]) -> tuple[_Found | None, UserError | None]:
    """The first format of which there is something to train on, or else the first."""
    found: list[_Found] = []
    errors: dict[str, UserError] = {}
    for name, data_format in FORMATS.items():
        if name == 'YOLO' and (found or errors) and not yolo.has_labels(root):
            continue
        remarks: list[str] = []
        try:
            splits = data_format.find(root, remarks, needed)
        except UserError as problem:
            errors[name] = problem
            continue
        if splits:
            found.append(_Found(name, splits, remarks))
        if {'train', 'all'} & splits.keys():
            passed = {own.format: f'only {", ".join(own.splits)}' for own in found[:-1]}
            for other, reason in (passed | errors).items():
                remarks.append(f'what is there in {other} format is left out: {reason}')
            return found[-1], None
    error = next(iter(errors.values()), None)
    return (None if error or not found else found[0]), error


def _on_division(fraction: float, seed: int) -> str:
    return (
        f'{UNDIVIDED}: {fraction:g} of the images, chosen by their names and seed '
        f'{seed}, are held out (--val-fraction, --split-seed)'
    )


def _leave_out_rest(splits: dict[str, dict], remarks: list[str]) -> None:
    """Take away what is of no split, if other files are of one to train on."""
    if 'train' not in splits and 'val' in splits and 'all' in splits:
        splits['train'] = splits.pop('all')
    if 'train' in splits and 'all' in splits:
        rest = splits.pop('all')
        place = (
            rest['ann_file'] or rest['data_prefix'].get('ann') or 'the folder itself'
        )
        remarks.append(f'{place} is left out: its name tells no split, as others do')


def _read(data: DataFolder, remarks: list[str], needed: Sequence[str]) -> DataFolder:
    """The folder with what only a look into all files tells: classes and remarks."""
    contents: dict[str, Content] = {}
    folders: dict[str, str] = {}
    for split, arguments in data.splits.items():
        dataset = data.dataset(split)
        is_same = 'held_out' in arguments and 'train' in contents
        try:
            contents[split] = contents['train'] if is_same else dataset.content()
        except UserError as error:
            leave_out(split, error, needed, remarks)
            continue
        folders[split] = dataset.data_prefix.get('img') or ''
    splits = {split: data.splits[split] for split in contents}
    data = data._replace(splits=splits)
    remarks += remarks_on_files(data.root, contents, folders)
    data = data._replace(remarks=tuple(remarks))
    return data.with_classes(_classes(data, [*map(used_names, contents.values())]))


def _divide(
    splits: dict[str, dict],
    val_fraction: float | None,
    split_seed: int | None,
    remarks: list[str],
) -> dict[str, dict]:
    """Make sure that there is a split to train with and one to validate with."""
    whole = splits.get('train') or splits.get('all')
    if whole is None or 'val' in splits:
        flags = dict(val_fraction=val_fraction, split_seed=split_seed)
        given = [flag for flag, value in flags.items() if value is not None]
        if given and 'val' in splits:
            raise UserError(
                f'--{given[0].replace("_", "-")}: the data have a validation split '
                'already; leave it out'
            )
        return splits
    seed = SPLIT_SEED if split_seed is None else split_seed
    fraction = VAL_FRACTION if val_fraction is None else val_fraction
    remarks.insert(0, _on_division(fraction, seed))
    held = {
        keep: dict(whole, held_out=dict(keep=keep, fraction=fraction, seed=seed))
        for keep in ('train', 'val')
    }
    return {**held, **({'test': splits['test']} if 'test' in splits else {})}


def _classes(data: DataFolder, names: Sequence[Sequence[str]]) -> list[str]:
    used = dict.fromkeys(name for own in names for name in own)
    if data.format != 'VOC':
        return [*used]
    listed = _listed_classes(Path(data.root), used)
    lacking = ', '.join(sorted(used.keys() - set(listed)))
    if listed and lacking:
        raise UserError(
            f'{data.root}: the list of classes lacks {lacking}, which objects have; '
            'add the names to the list or take it away'
        )
    # Files name no order, and one split may lack a class.
    return listed or sorted(used)


def _listed_classes(root: Path, used: Collection[str]) -> list[str]:
    """Names in the file that some tools write beside VOC's folders.

    Some list ``background`` first, which is no class unless objects have it.
    """
    for name in ('classes.txt', 'labels.txt', 'labelmap.txt'):
        if (root / name).is_file():
            lines = read_text(root / name).splitlines()
            words = [line.split(':')[0].strip() for line in lines]
            words = [word for word in words if word and not word.startswith('#')]
            return [word for word in words if word in used or word not in BACKGROUND]
    return []
