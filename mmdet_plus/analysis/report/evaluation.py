"""One detector on one data set, matched and measured: what all figures start from."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .average_precision import Curves, accumulate, of_class
from .detections import Detections
from .ground_truth import GroundTruth
from .matching import AREA_RANGES, Matches, match
from .overlaps import Nearest, Overlaps, find_nearest, measure_overlaps

# Below this overlap a detection has nothing to do with an object.
BACKGROUND_IOU = 0.1
# The threshold of ``IOU_THRS`` at which errors are told apart.
IOU_THR = 0.5
# Objects or detections that a number must rest on before advice rests on it.
ENOUGH = 30


@dataclass(frozen=True)
class Evaluation:
    """A detector's boxes or masks, beside the objects."""

    kind: str
    """``bbox`` or ``segm``."""
    truth: GroundTruth
    found: Detections
    overlaps: Overlaps
    areas: np.ndarray
    """(n,) of the detections in square pixels."""
    matches: Matches

    @cached_property
    def curves(self) -> Curves:
        """Precision and recall, as COCO has them."""
        return accumulate(self.truth, self.found, self.matches)

    @cached_property
    def nearest(self) -> Nearest:
        """What lies nearest to each detection."""
        return find_nearest(self.truth, self.found, self.overlaps)

    @cached_property
    def loose_matches(self) -> Matches:
        """Matches at ``BACKGROUND_IOU``, objects of all sizes."""
        given = self.truth, self.found, self.overlaps, self.areas
        return match(*given, [BACKGROUND_IOU], [AREA_RANGES['all']])

    @property
    def correct(self) -> np.ndarray:
        """(n,) bool: true positives at ``IOU_THR``."""
        return self.matches.correct[0, 0]

    @property
    def wrong(self) -> np.ndarray:
        """(n,) bool: false positives at ``IOU_THR``."""
        return self.matches.wrong[0, 0]

    @cached_property
    def by_class(self) -> list[np.ndarray]:
        """Indices of the detections of each class, by falling score."""
        labels = range(self.truth.num_classes)
        return [of_class(self.found, label) for label in labels]


def evaluate(truth: GroundTruth, found: Detections, kind: str = 'bbox') -> Evaluation:
    """Match a detector's boxes or masks with the objects.

    Raises:
        ValueError: for ``segm`` when objects or detections have no masks.
    """
    found = found.of_kind(kind)
    overlaps = measure_overlaps(truth, found, kind)
    areas = found.areas(kind)
    matches = match(truth, found, overlaps, areas)
    return Evaluation(kind, truth, found, overlaps, areas, matches)
