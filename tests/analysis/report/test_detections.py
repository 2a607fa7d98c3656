import numpy as np
import pytest
from pycocotools import mask as coco_mask
from samples.detections import random_data
from samples.five_images import five_images

from mmdet_plus.analysis.report.detections import Detections, arrange, read_detections
from mmdet_plus.analysis.report.ground_truth import read_ground_truth
from mmdet_plus.analysis.report.predictions import from_samples


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


def test_sums_of_scores_and_ratings_of_masks_are_scaled():
    content, results = random_data(0, 4, with_masks=True)
    results = [{**result, 'score': 0.5} for result in results]
    results[0]['score'] = 1.25
    found = read_detections(results, read_ground_truth(content))
    assert sorted(set(found.scores)) == [0.4, 1.0]
    assert 'scores reach 1.250: all were divided by it' in found.remarks[0]
    results[0]['score'] = 2.5
    with pytest.raises(ValueError, match='a score outside'):
        read_detections(results, read_ground_truth(content))


def test_masks_are_ordered_by_their_own_scores():
    content, results = random_data(0, 4, with_masks=True)
    truth = read_ground_truth(content)
    samples, ratings = [], {}
    for image in truth.image_ids:
        own = [result for result in results if result['image_id'] == image]
        masks = [result['segmentation'] for result in own]
        own_ratings = np.linspace(0.2, 1.3, len(own))
        ratings |= {
            mask['counts']: r for mask, r in zip(masks, own_ratings, strict=True)
        }
        bboxes = np.array([result['bbox'] for result in own]).reshape(-1, 4)
        bboxes[:, 2:] += bboxes[:, :2]
        places = [list(truth.category_ids).index(r['category_id']) for r in own]
        instances = dict(
            bboxes=bboxes,
            labels=np.argsort(truth.file_order)[places],
            scores=np.array([result['score'] for result in own]),
            masks=masks,
            mask_scores=own_ratings,
        )
        samples.append(dict(img_id=image, pred_instances=instances))
    found = from_samples(samples, truth)
    assert found.of_kind('bbox') is found
    assert any('scores of masks reach 1.300' in remark for remark in found.remarks)
    of_masks = found.of_kind('segm')
    expected = [ratings[mask['counts']] / 1.3 for mask in of_masks.masks]
    np.testing.assert_allclose(of_masks.scores, expected)
    for image in range(truth.num_images):
        part = of_masks.scores[of_masks.of_image(image)]
        assert (np.diff(part) <= 0).all()
    assert sorted(of_masks.bboxes.tolist()) == sorted(found.bboxes.tolist())


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
