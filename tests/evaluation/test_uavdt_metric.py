import numpy as np
import pytest
import torch
from mmdet.registry import METRICS

import mmdet_plus  # noqa: F401
from mmdet_plus.evaluation.uavdt_metric import coverage


def test_coverage_counts_pixels_of_the_union():
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 20, (5, 2))
    regions = np.concatenate([corners, corners + rng.integers(1, 12, (5, 2))], axis=1)
    corners = rng.integers(0, 20, (30, 2))
    boxes = np.concatenate([corners, corners + rng.integers(1, 12, (30, 2))], axis=1)
    image = np.zeros((40, 40))
    for x1, y1, x2, y2 in regions:
        image[y1:y2, x1:x2] = 1
    expected = [image[y1:y2, x1:x2].mean() for x1, y1, x2, y2 in boxes]
    np.testing.assert_allclose(coverage(boxes, regions), expected)
    assert 0.1 < np.mean(expected) < 0.9


def test_nothing_is_covered_without_regions_or_area():
    boxes = np.array([[0.0, 0, 4, 4], [1, 1, 1, 3]])
    assert coverage(boxes, np.empty((0, 4))).tolist() == [0, 0]
    assert coverage(boxes, np.array([[0, 0, 2, 4]])).tolist() == [0.5, 0]
    assert coverage(np.empty((0, 4)), np.array([[0, 0, 2, 4]])).shape == (0,)


def evaluate(detections, gts, regions, **kwargs):
    metric = METRICS.build(dict(type='UAVDTMetric', **kwargs))
    metric.dataset_meta = dict(classes=('vehicle',))
    boxes = torch.tensor(detections).reshape(-1, 5)

    def annotated(values):
        bboxes = torch.tensor(values).reshape(-1, 4)
        return dict(bboxes=bboxes, labels=torch.zeros(len(bboxes), dtype=torch.long))

    sample = dict(
        gt_instances=annotated(gts),
        ignored_instances=annotated(regions),
        pred_instances=dict(**annotated(boxes[:, :4].tolist()), scores=boxes[:, 4]),
    )
    metric.process({}, [sample])
    return metric.evaluate(1)


CAR = [10.0, 10, 50, 50]
REGION = [100.0, 100, 200, 200]
FALSE = [110.0, 110, 150, 150, 0.9]


@pytest.mark.parametrize(
    ('regions', 'expected'),
    [([], 0.5), ([REGION], 1.0), ([[100.0, 100, 120, 200]], 0.5)],
)
def test_false_positives_in_ignored_regions_do_not_count(regions, expected):
    result = evaluate([FALSE, [*CAR, 0.8]], [CAR], regions)
    assert result['uavdt/mAP'] == pytest.approx(expected, abs=0.01)
    assert result['uavdt/AP70'] == result['uavdt/mAP']


def test_regions_are_no_objects():
    # A detection that is the region itself is neither right nor wrong.
    result = evaluate([[*REGION, 0.9], [*CAR, 0.8]], [CAR], [REGION])
    assert result['uavdt/mAP'] == pytest.approx(1.0)


def test_objects_in_regions_can_be_found():
    inside = [110.0, 110, 150, 150]
    result = evaluate([[*inside, 0.9]], [inside], [REGION])
    assert result['uavdt/mAP'] == pytest.approx(1.0)


def test_small_objects_in_regions_are_found_as_outside():
    # IoU 5.5 / 8 = 0.69 as areas, and 6.5 / 9 = 0.72 as VOC counts.
    small, found = [110.0, 110, 114, 118], [110.0, 110, 114, 115.5, 0.9]
    for regions in ([], [REGION]):
        result = evaluate([found], [small], regions)
        assert result['uavdt/mAP'] == pytest.approx(1.0)


def test_iou_of_0_7_is_asked():
    shifted = [18.0, 10, 58, 50, 0.9]  # IoU 2 / 3
    assert evaluate([shifted], [CAR], [])['uavdt/mAP'] == 0
    assert evaluate([shifted], [CAR], [], iou_thrs=0.5)['uavdt/mAP'] == 1


def test_no_detections():
    assert evaluate([], [CAR], [REGION])['uavdt/mAP'] == 0
