"""All checks of a folder of labelled images together."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from mmdet_plus.errors import UserError

from ..folders.content import Content
from ..folders.recognition import DataFolder
from .annotations import check_annotations, has_box
from .findings import Finding
from .images import check_images
from .poses import check_poses
from .splits import check_splits


class Examination(NamedTuple):
    """What was found in a folder.

    Attributes:
        data: the folder.
        contents: of each split, numbered as they are trained on; without objects whose
            bbox is none.
        folders: of the images of each split.
        findings: with the split each is of, errors first.
    """

    data: DataFolder
    contents: dict[str, Content]
    folders: dict[str, str]
    findings: list[tuple[str, Finding]]

    @property
    def errors(self) -> list[str]:
        """What would spoil a training, as lines."""
        return [f'{split}: {one}' for split, one in self.findings if one.is_error]

    @property
    def warnings(self) -> list[str]:
        """What else was found, as lines."""
        return [f'{split}: {one}' for split, one in self.findings if not one.is_error]


def examine(
    data: DataFolder,
    *,
    splits: Sequence[str] | None = None,
    pixels: bool = True,
    needs_masks: bool = False,
    input_size: tuple[int, int] | None = None,
    track: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> Examination:
    """Check a folder.

    Args:
        data: the folder.
        splits: which; None for all.
        pixels: whether images are decoded, which takes long; False looks at
            annotations and the first and last bytes of images.
        needs_masks: see ``check_annotations``.
        input_size: likewise.
        track: wraps the lists of images, to show progress.
    """
    contents, folders, findings = {}, {}, []
    for split in splits or data.splits:
        dataset = data.dataset(split)
        raw = dataset.content()
        contents[split] = dataset.ground_truth(raw)
        folders[split] = dataset.data_prefix['img']
        found = check_annotations(
            raw,
            classes=data.classes,
            needs_objects=split == 'train',
            needs_masks=needs_masks,
            input_size=input_size,
        )
        found += check_poses(raw) if data.format == 'YOLO' else []
        images = track(contents[split]['images'])
        found += check_images([*images], folders[split], pixels=pixels)
        findings += [(split, finding) for finding in found]
    both = check_splits(contents, folders, data.classes)
    findings += [('splits', finding) for finding in both]
    findings.sort(key=lambda pair: not pair[1].is_error)
    for content in contents.values():  # what is told of them is computed with
        content['annotations'] = [i for i in content['annotations'] if has_box(i)]
    return Examination(data, contents, folders, findings)


def refuse_errors(examination: Examination, command: str) -> None:
    """Raise ``UserError`` with all that would spoil a training.

    Args:
        examination: of a folder.
        command: that shows more of it.
    """
    if examination.errors:
        lines = '\n  '.join(examination.errors)
        raise UserError(
            f'{examination.data.root} cannot be used as it is:\n  {lines}\n'
            f'{command} {examination.data.root} shows more'
        )
