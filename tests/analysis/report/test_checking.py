import numpy as np
import pytest
from samples.detections import random_data
from samples.five_images import five_images

from mmdet_plus.analysis.report.checking import check_convention, check_mask
from mmdet_plus.analysis.report.detections import read_detections
from mmdet_plus.analysis.report.ground_truth import read_ground_truth


def read(results):
    return read_detections(results, read_ground_truth(five_images()[0]))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(image_id=1.5), 'detection 2: image_id 1.5 is no whole number'),
        (dict(image_id='1'), "detection 2: image_id '1' is no whole number"),
        (dict(image_id=True), 'detection 2: image_id True is no whole number'),
        (dict(image_id=float('nan')), 'image_id nan is no whole number'),
        (dict(image_id=10**30), 'detection 2: image_id 10+ is too large'),
        (dict(category_id=0.5), 'detection 2: category_id 0.5 is no whole number'),
        (dict(score=1.2), r'detection 2 has a score outside \[0, 1\].*: 1.2$'),
        (dict(score=-0.1), r'detection 2 has a score outside \[0, 1\].*: -0.1$'),
        (dict(bbox='abcd'), 'detection 2 needs a box of four finite numbers'),
    ],
)
def test_entries_that_cannot_be_meant(change, message):
    _, results = five_images()
    results[2] = {**results[2], **change}
    with pytest.raises(ValueError, match=message):
        read(results)


def test_errors_are_counted():
    _, results = five_images()
    for result in results[1:4]:
        result['score'] *= 100
    with pytest.raises(ValueError, match=r'1 has a score .*: 80.0; so have 2'):
        read(results)


def test_whole_numbers_with_a_point_and_scores_rounded_up_are_taken():
    _, results = five_images()
    results[0].update(image_id=1.0, category_id=1.0, score=1 + 1e-9)
    assert read(results).scores[0] == 1 + 1e-9


def test_a_few_negative_sides_are_remarked_many_are_refused():
    _, results = five_images()
    results[3]['bbox'] = [20, 0, -5, 10]
    (remark,) = read(results).remarks
    assert remark.startswith('1 of 11 detections have a box of negative width')
    assert 'detection 3: [20.0, 0.0, -5.0, 10.0]' in remark
    for result in results:
        result['bbox'] = [20, 0, -5, 10]
    with pytest.raises(ValueError, match='detection 0 has a box of negative width'):
        read(results)


def corners(bboxes):
    return np.concatenate([bboxes[:, :2], bboxes[:, :2] + bboxes[:, 2:]], axis=1)


def test_conventions_by_hand():
    bboxes = np.array([[40, 20, 30, 60], [50, 50, 45, 45], [5, 0, 90, 99.0]])
    sizes = np.full((3, 2), 100.0)
    assert check_convention(bboxes, sizes, str) == ()
    message = r'x1, y1, x2, y2.*\(0: \[40.0, 20.0, 70.0, 80.0\] in an image of 100 x'
    with pytest.raises(ValueError, match=message):
        check_convention(corners(bboxes), sizes, str)
    with pytest.raises(ValueError, match=r'all boxes lie in 0\.\.1'):
        check_convention(bboxes / 100, sizes, str)
    # In pixels of an image that was doubled.
    (remark,) = check_convention(bboxes * [2.0], sizes, str)
    assert remark.startswith('3 of 3 boxes reach far out of their image')
    # One of four is an accident.
    mixed = np.concatenate([bboxes, [[60, 60, 70, 70]]])
    assert check_convention(mixed, np.full((4, 2), 100.0), str) == ()
    unknown = np.full((3, 2), np.nan)
    assert check_convention(corners(bboxes), unknown, str) == ()


def test_corners_in_a_file_of_boxes():
    content, results = random_data(0)
    truth = read_ground_truth(content)
    for result in results:
        x, y, width, height = np.clip(result['bbox'], 0, None).tolist()
        result['bbox'] = [x, y, min(x + width, 200), min(y + height, 200)]
    with pytest.raises(ValueError, match='boxes look like x1, y1, x2, y2'):
        read_detections(results, truth)


def test_masks_that_do_not_fit():
    content, results = random_data(0, 4, with_masks=True)
    truth = read_ground_truth(content)
    mask = results[0]['segmentation']
    size = np.array([200.0, 200.0])
    assert check_mask(mask, size, 'a') is mask
    for change, message in (
        (dict(size=None), 'a: segmentation has no size'),
        (dict(size=[200]), 'a: segmentation has no size'),
        (dict(size=[100, 200]), 'a: a mask of 200 x 100 pixels, its image has 200 x'),
        (dict(counts=[0, 4]), 'a: segmentation is no compressed run length'),
    ):
        with pytest.raises(ValueError, match=message):
            check_mask({**mask, **change}, size, 'a')
    unknown = np.full(2, np.nan)
    with pytest.raises(ValueError, match='covers more than its image'):
        check_mask(dict(mask, size=[2, 2]), unknown, 'a')
    del results[1]['segmentation']['size']
    with pytest.raises(ValueError, match='detection 1: segmentation has no size'):
        read_detections(results, truth)


def test_masks_of_some_detections_are_remarked():
    content, results = random_data(0, 4, with_masks=True)
    truth = read_ground_truth(content)
    del results[0]['segmentation']
    found = read_detections(results, truth)
    assert found.masks is None
    assert found.remarks == (
        f'1 of {len(results)} detections have no mask: the report is on boxes only',
    )
    del results[1]['bbox']
    with pytest.raises(ValueError, match='detection 1 has no bbox, and others have no'):
        read_detections(results, truth)
