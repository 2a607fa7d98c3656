"""Detections in the text files of PASCAL VOC's server."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmdet.evaluation import VOCMetric
from mmdet.registry import METRICS
from mmengine.logging import MMLogger

from ..whole_files import written_whole

NAME = 'comp4_det_test_{}.txt'


@METRICS.register_module()
class VOCSubmissionMetric(VOCMetric):
    """``VOCMetric`` that can write detections for the server instead of measuring them.

    A file for each class, ``results/VOC2012/Main/comp4_det_test_CLASS.txt``, has a
    line for each detection: name of the image, score, and the corners of the box in
    pixels that begin at 1, as VOC counts.

    Args:
        format_only: whether to write only; the data need no annotations then.
        outfile_prefix: folder of ``results``.
        kwargs: as ``VOCMetric`` takes them.
    """

    def __init__(
        self,
        *,
        format_only: bool = False,
        outfile_prefix: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if format_only and outfile_prefix is None:
            raise ValueError('format_only needs outfile_prefix, a folder')
        self.format_only = format_only
        self.outfile_prefix = outfile_prefix

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Collect the detections of a batch, with their ground truth to measure."""
        if not self.format_only:
            super().process(data_batch, data_samples)
            return
        for sample in data_samples:
            found = {k: v.tolist() for k, v in sample['pred_instances'].items()}
            rows = zip(found['labels'], found['scores'], found['bboxes'], strict=True)
            self.results.append((Path(sample['img_path']).stem, [*rows]))

    def compute_metrics(self, results: list) -> dict:
        """What ``VOCMetric`` measures, or nothing where files are written."""
        if not self.format_only:
            return super().compute_metrics(results)
        assert self.outfile_prefix is not None
        assert self.dataset_meta is not None
        year = self.dataset_meta.get('dataset_type') or 'VOC2012'
        folder = Path(self.outfile_prefix) / 'results' / year / 'Main'
        folder.mkdir(parents=True, exist_ok=True)
        for label, name in enumerate(self.dataset_meta['classes']):
            with written_whole(folder / NAME.format(name)) as path:
                path.write_text(''.join(_lines(results, label)))
        MMLogger.get_current_instance().info(f'Detections are in {folder}')
        return {}


def _lines(results: list, label: int) -> list[str]:
    """Lines of a class, in the order of the images."""
    lines = []
    for image, rows in results:
        for own, score, bbox in rows:
            if own == label:
                corners = ' '.join(f'{value + 1:.2f}' for value in bbox)
                lines.append(f'{image} {score:.6f} {corners}\n')
    return lines
