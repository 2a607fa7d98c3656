import pytest
from samples.five_images import five_images

from mmdet_plus.analysis.report.detections import read_detections
from mmdet_plus.analysis.report.evaluation import evaluate
from mmdet_plus.analysis.report.ground_truth import read_ground_truth


@pytest.fixture
def make_evaluation():
    """A function that matches detections with the objects of an annotation file."""

    def make(content, results, kind='bbox'):
        truth = read_ground_truth(content)
        return evaluate(truth, read_detections(results, truth), kind)

    return make


@pytest.fixture
def five(make_evaluation):
    """The five images, evaluated."""
    return make_evaluation(*five_images())
