import cv2
import numpy as np
from samples.five_images import five_images

from mmdet_plus.analysis.report.detections import read_detections
from mmdet_plus.analysis.report.gallery import (
    CROP_SIZE,
    FOUND_COLOR,
    TRUE_COLOR,
    Example,
    draw_example,
    draw_examples,
)
from mmdet_plus.analysis.report.ground_truth import read_ground_truth


def near(pixel, color):
    return np.abs(pixel.astype(int) - color).max() < 60


def test_a_crop_by_hand():
    content, results = five_images()
    content['images'][1].update(width=400, height=300)
    content['annotations'][1]['bbox'] = [100, 100, 50, 50]
    results[1]['bbox'] = [160, 100, 50, 50]
    truth = read_ground_truth(content)
    found = read_detections(results, truth)
    image = np.full((300, 400, 3), 255, np.uint8)
    content = draw_example(image, Example(1, (1,), (1,), ''), truth, found)
    crop = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    # Boxes from 100 to 210 with 44 pixels around: 198 x 138.
    assert crop.shape == (round(138 * CROP_SIZE / 198), CROP_SIZE, 3)
    scale = CROP_SIZE / 198
    x, middle = round(44 * scale), round((44 + 25) * scale)
    assert near(crop[middle, x], TRUE_COLOR)
    right = round((44 + 60) * scale)
    column = crop[round(46 * scale) : round(92 * scale), right - 1 : right + 2]
    drawn = [any(near(p, FOUND_COLOR) for p in row) for row in column]
    assert 0.3 < np.mean(drawn) < 0.9  # dashed


def test_images_that_cannot_be_read_are_left_out(tmp_path):
    content, results = five_images()
    truth = read_ground_truth(content)
    found = read_detections(results, truth)
    cv2.imwrite(str(tmp_path / '2.png'), np.zeros((20, 100, 3), np.uint8))
    examples = [Example(0, (0,), (), 'a'), Example(1, (1,), (1,), 'b')]
    crops = draw_examples('x', examples, truth, found, tmp_path)
    assert [(crop.name, crop.caption) for crop in crops] == [('x_01', 'b')]
