"""``OnnxDetector`` on a file whose detections are known."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from samples.onnx_model import write_model

from mmdet_plus.deploy import OnnxDetector
from mmdet_plus.deploy.image_preparation import ModelInput, prepare

ROOT = Path(__file__).parents[2]
IMAGE = np.zeros((48, 96, 3), np.uint8)


@pytest.fixture
def path(tmp_path):
    return write_model(tmp_path / 'model.onnx')


def test_detections_go_to_their_images(path):
    found = OnnxDetector(path)([IMAGE, IMAGE], batch_size=2)
    assert [own.boxes.tolist() for own in found] == [[[0, 0, 8, 8]], [[1, 1, 9, 9]]]
    assert [own.labels.tolist() for own in found] == [[0], [1]]


def test_pictures_of_a_call_have_one_depth(path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        'mmdet_plus.deploy.onnx_detector.prepare',
        lambda pixels, info: seen.extend(pixels) or prepare(pixels, info),
    )
    dim, full = (np.full((48, 96, 3), value, np.uint16) for value in (4080, 65535))
    OnnxDetector(path)([dim])
    OnnxDetector(path)([dim, full], batch_size=1)
    assert [int(pixels.max()) for pixels in seen] == [255, 15, 255]


def test_one_image_gives_one_result(path):
    detector = OnnxDetector(path)
    assert detector(IMAGE).to_json() == dict(
        labels=[0], scores=[0.5], bboxes=[[0.0, 0.0, 8.0, 8.0]]
    )
    assert detector.class_names == ['square', 'disc']


def test_other_sizes_than_the_graphs_are_refused(path):
    detector = OnnxDetector(path)
    inputs = detector_inputs(32)
    with pytest.raises(ValueError, match=r'takes images of 64 x 64 .* got 32 x 32'):
        detector.detect(inputs)


def detector_inputs(side):
    sizes = np.full((1, 2), side, np.int64)
    return ModelInput(np.zeros((1, side, side, 3), np.uint8), sizes, sizes)


@pytest.mark.parametrize('content', [b'', b'no model', b'\x08\x07\x12\x00'])
def test_broken_files_are_named(content, tmp_path):
    path = tmp_path / 'broken.onnx'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'broken\.onnx is no ONNX model that runs'):
        OnnxDetector(path)


def test_half_a_file_is_named(path):
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ValueError, match=r'model\.onnx is no'):
        OnnxDetector(path)


def test_models_of_others_are_refused(tmp_path):
    path = write_model(tmp_path / 'model.onnx', with_metadata=False)
    with pytest.raises(ValueError, match='it was not exported by'):
        OnnxDetector(path)


def test_files_that_are_not_there_and_unknown_orders_are_refused(path, tmp_path):
    with pytest.raises(ValueError, match='does not exist'):
        OnnxDetector(tmp_path / 'none.onnx')
    with pytest.raises(ValueError, match='channel_order must be one of rgb, bgr'):
        OnnxDetector(path, channel_order='gbr')
    with pytest.raises(ValueError, match='batch_size must be at least 1'):
        OnnxDetector(path)([IMAGE], batch_size=0)


PROGRAM = """
import json, sys
import numpy as np
from mmdet_plus.deploy import OnnxDetector
detector = OnnxDetector(sys.argv[1])
image = np.zeros((50, 70, 3), np.uint8)
found = detector([image, image[:30]], batch_size=2)
detector.draw(image, found[0], 0.1)
json.dumps(found[0].to_json())
taken = {'torch', 'mmcv', 'mmdet', 'mmengine', 'cv2', 'matplotlib'} & set(sys.modules)
print(json.dumps([sorted(taken), [len(own.scores) for own in found]]))
"""
# Stands for an environment without them.
BLOCKER = """
import importlib.abc, sys
class Blocker(importlib.abc.MetaPathFinder):
    names = {'torch', 'mmcv', 'mmdet', 'mmengine', 'cv2', 'matplotlib', 'packaging'}
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in self.names:
            raise ModuleNotFoundError(f'No module named {name!r}')
sys.meta_path.insert(0, Blocker())
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in Blocker.names else find(name)
"""


def test_it_runs_where_pytorch_and_openmmlab_are_not(path):
    done = subprocess.run(
        [sys.executable, '-c', BLOCKER + PROGRAM, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    taken, counts = json.loads(done.stdout.splitlines()[-1])
    assert taken == []
    assert counts == [1, 1]


def test_a_night_among_colours_of_16_bits_is_read_and_drawn(path, tmp_path):
    files = [tmp_path / 'day.png', tmp_path / 'night.png']
    for file, value in zip(files, (65535, 4080), strict=True):
        cv2.imwrite(str(file), np.full((48, 96, 3), value, np.uint16))
    detector = OnnxDetector(path)
    found = detector(files)
    assert [len(own.boxes) for own in found] == [1, 1]
    assert detector.draw(files[1], found[1]).size == (96, 48)
