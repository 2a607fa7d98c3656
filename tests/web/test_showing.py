import base64
import io
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from mmdet_plus.deploy.detections import Detections
from mmdet_plus.web.detectors import finding_of, unpack
from mmdet_plus.web.showing import (
    Choice,
    as_json,
    chosen,
    explanation_html,
    painted,
    result_html,
    rows_of,
    times_html,
)

NAMES = ['cat', 'dog']
IMAGE = np.zeros((20, 30, 3), np.uint8)


@pytest.fixture
def finding():
    masks = np.zeros((3, 20, 30), bool)
    masks[0, 2:5, 2:5] = masks[1, 10:, 20:] = True
    found = Detections(
        np.array([[2, 2, 5, 5], [20, 10, 30, 20], [0, 0, 9, 9]], np.float32),
        np.array([0.5, 0.9, 0.2], np.float32),
        np.array([0, 1, 0]),
        masks,
    )
    return finding_of(found, dict(prepare=0.002, network=0.01))


def test_findings_are_sorted_and_masks_come_back(finding):
    assert finding.detections.masks is None
    assert finding.detections.scores.tolist() == pytest.approx([0.9, 0.5, 0.2])
    masks = unpack(finding.masks)
    assert masks.sum(axis=(1, 2)).tolist() == [100, 9, 0]
    assert masks[0, 10:, 20:].all()


@pytest.mark.parametrize(
    ('choice', 'scores'),
    [
        (Choice(0), [0.9, 0.5, 0.2]),
        (Choice(0.5), [0.9, 0.5]),
        (Choice(0, ['cat']), [0.5, 0.2]),
        (Choice(0.95), []),
    ],
)
def test_choices(finding, choice, scores):
    own = chosen(finding, NAMES, choice)
    assert own.detections.scores.tolist() == pytest.approx(scores)
    assert len(own.masks) == len(scores)
    assert chosen(finding, NAMES, choice._replace(with_masks=False)).masks is None
    detector = SimpleNamespace(class_names=NAMES, palette=[[255, 0, 0], [0, 255, 0]])
    assert painted(IMAGE, own, detector).width == 660


def test_table_and_json(finding):
    own = chosen(finding, NAMES, Choice(0.4))
    rows = rows_of(own.detections, NAMES)
    assert rows == [[1, 'dog', 0.9, 20, 10, 30, 20], [2, 'cat', 0.5, 2, 2, 5, 5]]
    content = json.loads(as_json('m', IMAGE, own, NAMES))
    assert content['bboxes'] == [[20, 10, 30, 20], [2, 2, 5, 5]]
    assert content['class_names'] == NAMES
    assert (content['height'], content['width'], content['model']) == (20, 30, 'm')
    assert unpack(content['masks']).sum() == 109


def test_small_images_are_enlarged_with_boxes_and_masks(finding):
    own = chosen(finding, NAMES, Choice(0.6))
    detector = SimpleNamespace(class_names=NAMES, palette=[[255, 0, 0], [0, 255, 0]])
    pixels = np.asarray(painted(IMAGE, own, detector))
    assert pixels.shape == (440, 660, 3)
    assert pixels[400, 600].tolist() == [0, 204, 0]  # the mask's tint
    assert pixels[100, 100].tolist() == [0, 0, 0]


def test_links_hold_the_files_and_names_are_text():
    page = result_html('<b>', Image.new('RGB', (3, 2)), '{"a": 1}')
    assert '<b>' not in page
    links = re.findall(r'download="([a-z.]+)" href="data:[a-z/]+;base64,([^"]+)"', page)
    files = {name: base64.b64decode(content) for name, content in links}
    assert files['detections.json'] == b'{"a": 1}'
    assert Image.open(io.BytesIO(files['detections.png'])).size == (3, 2)
    assert '<i>' not in explanation_html('<i>')


def test_times(finding):
    assert '12 ms: prepare 2, network 10' in times_html(finding)
