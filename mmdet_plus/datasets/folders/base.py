"""What the datasets of all formats share."""

import colorsys
import contextlib
import io
from typing import Any, ClassVar

from mmdet.datasets import CocoDataset
from mmdet.datasets.api_wrappers import COCO

from mmdet_plus.errors import UserError

from .content import Content, hold_out, number_anew, used_names
from .segmentations import with_masks


def palette(num_classes: int) -> list[tuple[int, ...]]:
    """Colours that differ, RGB in [0, 255]: hues a golden section apart."""
    hues = [(0.6180339887 * index) % 1 for index in range(num_classes)]
    colours = [colorsys.hsv_to_rgb(hue, 0.8, 0.9) for hue in hues]
    return [(round(255 * r), round(255 * g), round(255 * b)) for r, g, b in colours]


class FolderDataset(CocoDataset):
    """Labelled images of any format, as MMDetection's ``CocoDataset`` gives them.

    Classes are numbered as ``metainfo.classes`` orders them, by default as the data do.

    Args:
        args: as ``CocoDataset`` takes them.
        held_out: for data without a validation split, which part this is: ``keep``
            (``'train'`` or ``'val'``), ``fraction`` and ``seed``; None for all images.
        needs_masks: whether objects without a mask are left out.
        kwargs: as ``CocoDataset`` takes them.
    """

    METAINFO: dict = {}
    # Folders below ``data_root``, where a config does not say others.
    PREFIX: ClassVar[dict[str, str]] = dict(img='')

    def __init__(
        self,
        *args: Any,
        held_out: dict | None = None,
        needs_masks: bool = False,
        **kwargs: Any,
    ) -> None:
        self.held_out = held_out
        self.needs_masks = needs_masks
        prefix = self.PREFIX | (kwargs.pop('data_prefix', None) or {})
        super().__init__(*args, data_prefix=prefix, **kwargs)

    def content(self) -> Content:
        """What the files say, with the categories of the files.

        Raises:
            UserError: for a file that cannot be read; names it and the line.
        """
        raise NotImplementedError

    def ground_truth(self, content: Content | None = None) -> Content:
        """What is trained on and measured with: images and objects of the classes.

        Args:
            content: what ``content()`` gave, so as not to read it again.
        """
        content = self.content() if content is None else content
        if self.held_out:
            content = self._part_of(content, self.held_out)
        if not content['images']:
            raise UserError(f'{self.data_root or self.ann_file} has no images to read')
        if not self._metainfo.get('classes'):
            self._metainfo['classes'] = tuple(used_names(content))
        if self.needs_masks:
            kept = with_masks(content['annotations'])
            content = dict(content, annotations=kept)
        classes = self._metainfo['classes']
        self._metainfo.setdefault('palette', palette(len(classes)))
        return number_anew(content, classes)

    def _part_of(self, content: Content, held_out: dict) -> Content:
        part = hold_out(content, self.data_prefix.get('img') or '', **held_out)
        if content['images'] and not part['images']:
            number = len(content['images'])
            many = f'{number} images, but too few that are no copies of each other'
            raise UserError(
                f'{self.data_root} has {"a single image" if number == 1 else many}: '
                'none is left to train on when some are held out for validation'
            )
        return part

    def COCOAPI(self, ann_file: str | None = None) -> COCO:  # noqa: N802
        """``CocoDataset`` and evaluation read the content through pycocotools."""
        api = COCO()
        api.dataset = self.ground_truth()
        with contextlib.redirect_stdout(io.StringIO()):
            api.createIndex()
        api.img_ann_map, api.cat_img_map = api.imgToAnns, api.catToImgs
        return api
