"""Where D2Det looks: sampling points, weights and overlap, drawn on images."""

from collections.abc import Iterator

import cv2
import numpy as np
from mmdet.models.detectors import BaseDetector

from ...explanation.d2det import Maps, plot_maps, read_maps, suits
from ...explanation.question import Question
from ..parts import Picture, Section
from .study import FinishedTest, Study

NUM_EXAMPLES = 6
MIN_SIDE = 24  # pixels of a box that shows something


class LocalMapStudy(Study):
    """Drawings for the surest detections of different images."""

    @staticmethod
    def suits(model: BaseDetector) -> bool:
        """Whether it is D2Det with discriminative RoI pooling."""
        return suits(model)

    def section(self, tested: FinishedTest) -> Section:
        """A picture with a row for each example."""
        section = Section(
            'd2det_maps',
            'Where does it look? (D2Det)',
            'The surest detections that are right, one of an image. Left: the '
            'sub-regions of discriminative RoI pooling, orange where they were moved '
            'to. Middle: the weights W(F) of the samples, mean over channels, bright '
            'is heavy. Right: the cells that dense local regression takes for parts '
            'of the object (bright) and averages. Points that crowd together, or '
            'weights that are all alike, say that the pooling has not learnt much.',
        )
        drawn = (_draw_row(tested, index) for index in _surest(tested))
        rows = [row for row in drawn if row is not None]
        if rows:
            content = plot_maps(rows)
            caption = 'Sampling points, weights W(F), overlap'
            section.pictures.append(Picture('d2det_maps', caption, content))
        else:
            section.notes.append('There is no detection to show.')
        return section


def _surest(tested: FinishedTest) -> Iterator[int]:
    """Detections that are right, of different images, the best score first."""
    evaluation = tested.evaluation
    found = evaluation.found
    large = found.bboxes[:, 2:].min(axis=1, initial=np.inf) >= MIN_SIDE
    order = np.flatnonzero(evaluation.correct & large)
    order = order[np.argsort(-found.scores[order], kind='stable')]
    _, first = np.unique(found.images[order], return_index=True)
    yield from order[np.sort(first)[:NUM_EXAMPLES]].tolist()


def _draw_row(
    tested: FinishedTest, index: int
) -> tuple[np.ndarray, np.ndarray, Maps] | None:
    """Image (h, w, 3) RGB, box (4,) xyxy in its pixels, and maps of a detection."""
    found, data = tested.evaluation.found, tested.data
    place = int(found.images[index])
    image = cv2.imread(data.truth.files[place])
    if image is None:
        return None
    numbers = {
        tested.data.places[tested.dataset.get_data_info(i)['img_id']]: i
        for i in range(len(tested.dataset))
    }
    x, y, width, height = found.bboxes[index]
    bbox = np.array([x, y, x + width, y + height])
    item = tested.dataset[numbers[place]]
    label, score = int(found.labels[index]), float(found.scores[index])
    image = image[..., ::-1]
    question = Question(tested.model, item, image, bbox, label, score, [])
    return image, bbox, read_maps(question)
