"""Finds objects that no mask can be made of."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..folders.segmentations import usable, why_no_mask
from .findings import Finding, place_of

ADVICE = 'mend or remove these objects: a training of masks would stop or run wild'
# More objects without a mask than this are no accident of single ones.
MOST_WITHOUT = 0.5


def check_masks(
    annotations: Sequence[dict],
    images: Mapping[Any, dict],
    *,
    needed: bool,
    drops: bool = True,
) -> list[Finding]:
    """Find segmentations that cannot be made masks of.

    Args:
        annotations: with the places they stand in as ``source``.
        images: with ``width`` and ``height``, by id.
        needed: whether masks are trained on or measured, so that errors are found in
            place of warnings.
        drops: whether the dataset leaves out objects without a mask, so that some may
            lack it.
    """
    without, wrong = [], []
    for item in annotations:
        if item['image_id'] not in images:
            continue
        image = images[item['image_id']]
        place = place_of(item)
        segmentation = usable(item.get('segmentation'))
        if segmentation is None:
            short = item.get('segmentation')
            reason = why_no_mask(short, image) if short else None
            without.append(f'{place}: {reason}' if reason else place)
            continue
        reason = why_no_mask(segmentation, image)
        if reason:
            wrong.append(f'{place}: {reason}')
    findings = []
    if wrong:
        message = f'{len(wrong)} segmentations cannot be read; {ADVICE}'
        findings.append(Finding(needed, message, wrong))
    if without and needed:
        findings.append(_without(without, len(annotations), drops=drops))
    return findings


def _without(places: Sequence[str], number: int, *, drops: bool) -> Finding:
    if drops and len(places) <= MOST_WITHOUT * number:
        message = f'{len(places)} of {number} objects have no mask and are left out'
        return Finding(False, message, places)
    message = (
        f'the model predicts masks, but {len(places)} of {number} objects have none: '
        'take a config without masks, or label polygons'
    )
    return Finding(True, message, places)
