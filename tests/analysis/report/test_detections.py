import numpy as np
import pytest
from pycocotools import mask as coco_mask
from samples.detections import random_data
from samples.five_images import five_images

from mmdet_plus.analysis.report.detections import Detections, arrange, read_detections
from mmdet_plus.analysis.report.ground_truth import read_ground_truth


def test_order_and_ranks_by_hand():
    images = np.array([1, 0, 0, 1, 0, 0])
    labels = np.array([0, 0, 1, 0, 0, 0])
    scores = np.array([0.2, 0.5, 0.9, 0.3, 0.7, 0.5])
    bboxes = np.arange(24.0).reshape(6, 4)
    found = arrange(images, labels, scores, bboxes)
    assert found.images.tolist() == [0, 0, 0, 0, 1, 1]
    assert found.scores.tolist() == [0.9, 0.7, 0.5, 0.5, 0.3, 0.2]
    # Equal scores stay in their order.
    assert found.bboxes[2:4, 0].tolist() == [4, 20]
    assert found.ranks.tolist() == [0, 0, 1, 2, 0, 1]
    assert found.of_image(1) == slice(4, 6)
    best = arrange(images, labels, scores, bboxes, max_per_image=1)
    assert best.scores.tolist() == [0.9, 0.7, 0.3]


def test_nothing():
    truth = read_ground_truth(five_images()[0])
    found = read_detections([], truth)
    assert len(found) == 0
    assert found.bboxes.shape == (0, 4)
    assert found.of_image(2) == slice(0, 0)


def test_areas_of_more_masks_than_eight_bits_count():
    bitmap = np.zeros((6, 5, 300), np.uint8, order='F')
    for index in range(300):
        bitmap[: index % 7, :2, index] = 1
    none = np.zeros(300, int)
    masks = tuple(coco_mask.encode(bitmap))
    found = Detections(none, none, none, np.zeros((300, 4)), none, masks)
    expected = [2 * min(index % 7, 6) for index in range(300)]
    np.testing.assert_array_equal(found.areas('segm'), expected)


def test_areas_of_masks_and_boxes_of_masks():
    content, results = random_data(0, 4, with_masks=True)
    truth = read_ground_truth(content)
    whole = read_detections(results, truth)
    bare = [{k: v for k, v in r.items() if k != 'bbox'} for r in results]
    found = read_detections(bare, truth)
    np.testing.assert_array_equal(found.areas('segm'), whole.areas('segm'))
    # A diamond has half the area of its box.
    ratios = whole.areas('segm') / whole.areas('bbox')
    assert 0.3 < np.median(ratios) < 0.6
    # Boxes of masks lie in the boxes, but for parts of pixels.
    assert (found.bboxes[:, :2] > whole.bboxes[:, :2] - 1.5).all()
    ends = [own.bboxes[:, :2] + own.bboxes[:, 2:] for own in (found, whole)]
    assert (ends[0] < ends[1] + 1.5).all()
    assert (found.bboxes[:, 2:] >= 1).all()


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(image_id=9), r'no image 9 \(1 such ids in 1 of 11 detections\)'),
        (dict(category_id=4), 'no category 4'),
        (dict(score=float('inf')), 'finite score'),
        (dict(score=None), 'finite score'),
        (dict(bbox=[0, 0, float('nan'), 1]), 'four finite numbers'),
    ],
)
def test_results_that_do_not_fit(change, message):
    content, results = five_images()
    results[2] = {**results[2], **change}
    with pytest.raises(ValueError, match=message):
        read_detections(results, read_ground_truth(content))
