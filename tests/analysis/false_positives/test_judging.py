import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmdet_plus.analysis.false_positives.coco_results import judge_results, read_truth
from mmdet_plus.analysis.false_positives.judging import (
    Judged,
    average_precision,
    count_above,
    count_at_recall,
    count_by_interval,
    count_found,
    hypothetical_ap,
    judge_image,
    pairwise_ious,
)

GTS = np.array([[0.0, 0, 10, 10], [50, 50, 80, 80]])
GT_LABELS = np.array([0, 1])
DUPLICATE, CONFUSION, LOCALISATION, BACKGROUND = range(4)


def boxes(*rows):
    return np.array(rows, float).reshape(-1, 4)


def test_ious_by_hand():
    ious = pairwise_ious(boxes([0, 0, 10, 5], [5, 5, 15, 15]), GTS[:1])
    np.testing.assert_allclose(ious, [[0.5], [25 / 175]])
    in_crowd = pairwise_ious(boxes([0, 0, 5, 5]), GTS[:1], np.array([True]))
    np.testing.assert_allclose(in_crowd, [[1.0]])


def test_every_kind_by_hand():
    kinds = judge_image(
        boxes(
            [0, 0, 10, 9],  # found
            [0, 0, 10, 8],  # lower score, same object
            [50, 50, 80, 75],  # the class of the other object
            [0, 0, 5, 4],  # IoU 0.2
            [0, 0, 1, 5],  # IoU 0.05
            [20, 20, 30, 30],
        ),
        np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4]),
        np.zeros(6, int),
        GTS,
        GT_LABELS,
    )
    expected = [-1, DUPLICATE, CONFUSION, LOCALISATION, BACKGROUND, BACKGROUND]
    assert kinds.tolist() == expected


def test_the_best_score_finds_the_object():
    pair = boxes([0, 0, 10, 10], [0, 0, 10, 6])
    labels = np.zeros(2, int)
    kinds = judge_image(pair, np.array([0.2, 0.9]), labels, GTS, GT_LABELS)
    assert kinds.tolist() == [DUPLICATE, -1]


def test_crowds_are_not_judged():
    crowd = np.array([True, False])
    kinds = judge_image(
        boxes([1, 1, 4, 4], [1, 1, 4, 4]),
        np.array([0.9, 0.8]),
        np.array([0, 1]),
        GTS,
        GT_LABELS,
        crowd,
    )
    assert kinds.tolist() == [-2, BACKGROUND]


def test_nothing_at_all():
    no_labels = np.zeros(0, int)
    none = judge_image(boxes(), np.zeros(0), no_labels, GTS, GT_LABELS)
    assert none.shape == (0,)
    alone = judge_image(
        boxes([0, 0, 1, 1]), np.ones(1), np.zeros(1, int), boxes(), no_labels
    )
    assert alone.tolist() == [BACKGROUND]


JUDGED = Judged(
    scores=np.array([0.95, 0.9, 0.6, 0.5, 0.31, 0.3, 0.1, 1.0]),
    labels=np.array([0, 0, 0, 1, 1, 1, 0, 1]),
    kinds=np.array([3, -1, 0, -1, 1, 2, -1, 3]),
)


def test_counts_by_hand():
    assert count_above(JUDGED, 0.3) == dict(
        duplicate=1, confusion=1, localisation=0, background=2, all=4
    )
    low, high = count_by_interval(JUDGED, [0, 0.6, 1.0])
    assert low == dict(
        score_low=0,
        score_high=0.6,
        duplicate=0,
        confusion=1,
        localisation=1,
        background=0,
        all=2,
    )
    assert (high['duplicate'], high['background'], high['all']) == (1, 2, 3)


def test_false_positives_at_equal_recall():
    judged = Judged(
        scores=np.array([0.9, 0.8, 0.8, 0.5, 0.4, 0.2]),
        labels=np.zeros(6, int),
        # True positives at 0.8 and 0.4; the one at 0.9 lies in a crowd.
        kinds=np.array([-2, -1, DUPLICATE, BACKGROUND, -1, CONFUSION]),
    )
    assert [count_found(judged, thr) for thr in (0.1, 0.4, 0.8)] == [2, 1, 0]
    assert [count_at_recall(judged, n) for n in (0, 1, 2, 3)] == [0, 1, 2, None]


def test_average_precision_by_hand():
    scores = np.array([0.9, 0.8, 0.7])
    correct = np.array([True, False, True])
    # Recall 0 to 0.5 at precision 1, to 1 at 2/3: 51 and 50 of 101 places.
    expected = (51 * 1 + 50 * 2 / 3) / 101
    assert average_precision(scores, correct, 2) == pytest.approx(expected)
    # Of four objects two are found: nothing after recall 0.5.
    expected = (26 * 1 + 25 * 2 / 3) / 101
    assert average_precision(scores, correct, 4) == pytest.approx(expected)
    assert average_precision(np.zeros(0), np.zeros(0, bool), 3) == 0


def test_hypothetical_ap_by_hand():
    judged = Judged(
        scores=np.array([0.9, 0.8, 0.2, 0.1]),
        labels=np.array([0, 0, 0, 0]),
        kinds=np.array([3, -1, 3, -1]),
    )
    counts = np.array([2, 0])
    # Precisions 1/2 and 2/4, then 1 and 2/3, then 1 and 1.
    assert hypothetical_ap(judged, counts) == pytest.approx(0.5)
    expected = (51 + 50 * 2 / 3) / 101
    assert hypothetical_ap(judged, counts, 0.5) == pytest.approx(expected)
    assert hypothetical_ap(judged, counts, 0.1) == pytest.approx(1.0)
    assert hypothetical_ap(judged, counts, 0.95) == pytest.approx(0.5)
    assert np.isnan(hypothetical_ap(judged, np.zeros(2, int)))


def random_data(seed=0):
    rng = np.random.default_rng(seed)
    images = [dict(id=i + 10, width=100, height=100) for i in range(12)]
    annotations, results = [], []
    for image in images:
        for _ in range(rng.integers(0, 6)):
            x, y = (rng.random(2) * 60).tolist()
            w, h = (8 + rng.random(2) * 30).tolist()
            category = int(rng.choice([2, 5, 7]))
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=image['id'],
                    category_id=category,
                    bbox=[x, y, w, h],
                    area=w * h,
                    iscrowd=int(rng.random() < 0.1),
                )
            )
            for _ in range(3):
                moved = np.array([x, y, w, h]) + rng.normal(0, 3, 4)
                moved[2:] = np.maximum(moved[2:], 1)
                wrong = rng.random() < 0.2
                results.append(
                    dict(
                        image_id=image['id'],
                        category_id=5 if wrong else category,
                        bbox=moved.tolist(),
                        score=float(rng.random()),
                    )
                )
    categories = [dict(id=i, name=str(i)) for i in (2, 5, 7)]
    content = dict(images=images, annotations=annotations, categories=categories)
    return content, results


@pytest.mark.parametrize('max_per_img', [2, 100])
def test_ap_equals_cocos(max_per_img):
    content, results = random_data()
    truth = read_truth(content)
    judged = judge_results(results, truth, max_per_img=max_per_img)
    coco = COCO()
    coco.dataset = content
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        measured = COCOeval(coco, coco.loadRes(results), 'bbox')
        measured.params.iouThrs = np.array([0.5])
        measured.params.maxDets = [max_per_img]
        measured.evaluate()
        measured.accumulate()
    precision = measured.eval['precision'][0, :, :, 0, 0]
    expected = precision[precision > -1].mean()
    assert 0.2 < expected < 0.9
    assert hypothetical_ap(judged, truth.counts) == pytest.approx(expected)


def test_counts_of_objects_leave_crowds_out():
    content, _ = random_data()
    crowds = sum(a['iscrowd'] for a in content['annotations'])
    assert crowds > 0
    assert read_truth(content).counts.sum() == len(content['annotations']) - crowds


def test_results_of_other_data_are_refused():
    content, results = random_data()
    truth = read_truth(content)
    with pytest.raises(ValueError, match='have no image 99'):
        judge_results([dict(results[0], image_id=99)], truth)
    with pytest.raises(ValueError, match='have no category 1'):
        judge_results([dict(results[0], category_id=1)], truth)
    assert len(judge_results([], truth).scores) == 0
