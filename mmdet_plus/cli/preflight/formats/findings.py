"""What is found in the images of a dataset, and how it is told."""

import math
from collections.abc import Sequence
from typing import Any

from mmdet_plus.datasets.checking import Finding, check_images
from mmdet_plus.errors import UserError

from ..dataset_configs import DatasetConfig

# So many images are compared with what is said of them: some seconds on a local disk.
MOST_LOOKED_AT = 20000


def images_to_look_at(images: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """All images, or where they are many, some from the first to the last."""
    step = math.ceil(len(images) / MOST_LOOKED_AT)
    return [*images[:: max(step, 1)]]


def look_at_images(
    images: Sequence[dict[str, Any]], folder: str, num_images: int
) -> list[Finding]:
    """Compare images with what is said of them, reading their first bytes.

    Args:
        images: what ``images_to_look_at`` returned, with ``file_name``, ``width`` and
            ``height``.
        folder: in which they lie.
        num_images: how many the dataset has.

    Returns:
        Errors, and how many images were looked at if not all of them.
    """
    found = check_images(images, folder, pixels=False)
    findings = [finding for finding in found if finding.is_error]
    if 0 < len(images) < num_images:
        message = f'{len(images)} of {num_images} images were looked at'
        findings.append(Finding(False, message))
    return findings


def refuse(dataset: DatasetConfig, findings: Sequence[Finding]) -> list[str]:
    """The findings as warnings of a dataset; raise ``UserError`` for errors."""
    errors = [str(finding) for finding in findings if finding.is_error]
    if errors:
        raise UserError(f'{dataset.key}: ' + '\n  '.join(errors))
    return [f'{dataset.key}: {finding}' for finding in findings]
