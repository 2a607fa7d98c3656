"""Compares the splits of a data set."""

import os.path as osp
from collections.abc import Mapping, Sequence
from itertools import combinations

from ..folders.content import Content, plain_name
from ..folders.copies import copies
from .findings import Finding

ORDER = ('train', 'val', 'test')
# More of the validation images in training than this are no accident of single ones.
MOST_SHARED = 0.01


def check_splits(
    contents: Mapping[str, Content],
    folders: Mapping[str, str],
    classes: Sequence[str],
) -> list[Finding]:
    """Find classes that a split lacks, and images that two splits share.

    Args:
        contents: of each split.
        folders: of the images of each split.
        classes: names that are trained on.
    """
    findings = [
        finding
        for split, content in contents.items()
        for finding in _lacking(
            split, content, classes, needed=split == 'val' and 'train' in contents
        )
    ]
    findings += [*_foreign(contents), *_alike(classes)]
    files = {
        split: {
            osp.join(folders[split], image['file_name']): image['file_name']
            for image in content['images']
        }
        for split, content in contents.items()
    }
    for first, second in combinations(sorted(files, key=ORDER.index), 2):
        findings += _shared(first, second, files)
    return findings


def _lacking(
    split: str, content: Content, classes: Sequence[str], *, needed: bool
) -> list[Finding]:
    found = _used(content)
    lacking = [name for name in classes if name not in found]
    if not lacking or not content['images']:
        return []
    message = f'{split} has no object of {", ".join(lacking)}'
    if found or not needed:
        return [Finding(False, message)]
    message += (
        ', so nothing can be measured: label objects in its images, or take others '
        '(--val-fraction, --split-seed)'
    )
    return [Finding(True, message)]


def _used(content: Content) -> set[str]:
    """Names of the classes of which there are objects that count."""
    ids = {a['category_id'] for a in content['annotations'] if not a.get('iscrowd')}
    return {item['name'] for item in content['categories'] if item['id'] in ids}


def _foreign(contents: Mapping[str, Content]) -> list[Finding]:
    """An error if nothing that is trained on can be measured."""
    train, val = (
        _used(contents[split]) if split in contents else set()
        for split in ('train', 'val')
    )
    if not train or not val or train & val:
        return []
    message = (
        f'no class of val ({", ".join(sorted(val))}) is one of train '
        f'({", ".join(sorted(train))}): write the same names'
    )
    return [Finding(True, message)]


def _alike(classes: Sequence[str]) -> list[Finding]:
    alike: dict[str, list[str]] = {}
    for name in classes:
        alike.setdefault(plain_name(name), []).append(name)
    pairs = [' and '.join(map(repr, sorted(n))) for n in alike.values() if len(n) > 1]
    message = 'names of classes that differ in case or spaces only'
    return [Finding(False, message, pairs)] if pairs else []


def _shared(
    first: str, second: str, files: Mapping[str, Mapping[str, str]]
) -> list[Finding]:
    """Images of one split that are, or are copies of, images of another."""
    ours, theirs = files[first], files[second]
    pairs = [
        (path, next(own for own in group if own in ours))
        for group in copies([*ours, *theirs])
        if not ours.keys().isdisjoint(group)
        for path in dict.fromkeys(group)
        if path in theirs
    ]
    if not pairs:
        return []
    reason = (
        'what is measured there was trained on'
        if 'train' in (first, second)
        else 'the best checkpoint is chosen on what it is tested on'
    )
    message = (
        f'{len(pairs)} images are in {first} and in {second}: {reason}; take them out '
        'of one'
    )
    spoils = {first, second} == {'train', 'val'}
    return [
        Finding(
            spoils and len(pairs) > MOST_SHARED * len(theirs),
            message,
            [f'{path} = {own}' for path, own in pairs],
            [theirs[path] for path, _ in pairs],
        )
    ]
