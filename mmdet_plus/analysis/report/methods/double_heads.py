"""How the heads of Double-Head R-CNN differ; see ``analysis/head_correlation``."""

import io

from mmdet.models.detectors import BaseDetector

from ...head_correlation.collection import AnalysisOptions, HeadCorrelationAnalysis
from ...head_correlation.plots import (
    plot_bins,
    plot_correlations,
    plot_spatial_maps,
)
from ...head_correlation.readings import check_double_head
from ..parts import Column, Picture, Section, Table
from .study import FinishedTest, Study

MAX_IMAGES = 20
SCALES = (0.7, 1.0, 1.4)
SHIFTS = (-0.5, -0.25, 0.0, 0.25, 0.5)


class HeadStudy(Study):
    """Score against IoU of both heads, around ground truth boxes."""

    @staticmethod
    def suits(model: BaseDetector) -> bool:
        """Whether it has a Double-Head."""
        try:
            check_double_head(getattr(model, 'roi_head', None))
        except TypeError:
            return False
        return True

    def section(self, tested: FinishedTest) -> Section:
        """The study on a few images, evenly spread."""
        options = AnalysisOptions(shifts=SHIFTS, scales=SCALES)
        analysis = HeadCorrelationAnalysis(tested.model, options)
        step = max(1, len(tested.dataset) // MAX_IMAGES)
        indices = range(0, len(tested.dataset), step)[:MAX_IMAGES]
        for index in indices:
            analysis.add_image(tested.dataset, index)
        section = Section(
            'double_heads',
            'Do the heads differ as they should? (Double-Head)',
            'Proposals slid around the objects: the fc-head should follow the IoU of a '
            'proposal with its score, the conv-head should regress boxes well from far '
            f'away ({len(indices)} images; tools/analysis_tools/head_correlation.py '
            'takes more).',
        )
        rows = analysis.correlation_rows()
        if not rows:
            section.notes.append('There is no proposal around an object.')
            return section
        columns = [Column('head', 'head'), Column('size', 'objects')]
        columns += [Column('proposals', 'proposals'), Column('pearson', 'Pearson')]
        table = Table('double_heads', 'Score against IoU', columns, rows)
        section.tables.append(table)
        section.pictures = _pictures(analysis, rows)
        return section


def _pictures(analysis: HeadCorrelationAnalysis, rows: list[dict]) -> list[Picture]:
    bins = analysis.bin_rows()
    streams = [io.BytesIO() for _ in range(4)]
    plot_correlations(rows, streams[0])
    plot_bins(bins, 'score', streams[1])
    plot_bins(bins, 'regressed_iou', streams[2])
    plot_spatial_maps(analysis.spatial_maps(), streams[3])
    captions = {
        'head_correlation': 'Correlation of score and IoU',
        'head_scores': 'Score by IoU of the proposal',
        'head_boxes': 'IoU of the regressed box by IoU of the proposal',
        'head_maps': 'How alike the places of an RoI are',
    }
    return [
        Picture(name, caption, stream.getvalue())
        for (name, caption), stream in zip(captions.items(), streams, strict=True)
    ]
