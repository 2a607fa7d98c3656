"""From a checkpoint to a file that runs without PyTorch."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from samples import dcr
from samples.deploy import build, model_info, run_form, two_images

from mmdet_plus.deploy import OnnxDetector
from mmdet_plus.deploy.exporting import (
    deploy_form,
    export_program,
    limit_detections,
    write_onnx,
)
from mmdet_plus.errors import UserError

ROOT = Path(__file__).parents[2]
NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g']


def small():
    cfg = dcr.detector_config()
    cfg.test_cfg.rcnn.score_thr = 0.3
    return build(cfg)


@pytest.fixture(scope='module')
def dynamic_file(tmp_path_factory):
    """A Faster R-CNN for images of any size."""
    path = tmp_path_factory.mktemp('onnx') / 'model.onnx'
    info = model_info(
        class_names=NAMES, palette=[[9, 9, 9]] * 7, dynamic=True, max_detections=30
    )
    write_onnx(small(), info, path)
    return path


@pytest.mark.parametrize('size', [(64, 96), (160, 128)])
def test_a_dynamic_file_finds_in_all_sizes_what_the_form_finds(dynamic_file, size):
    inputs = two_images(*size)
    expected = run_form(small(), inputs)
    found = OnnxDetector(dynamic_file).session.run(None, inputs._asdict())
    assert len(expected['scores']) > 0
    for own, values in zip(found, expected.values(), strict=True):
        assert own.shape == values.shape
    np.testing.assert_allclose(found[1], expected['scores'], atol=1e-4)


def test_there_are_standard_operators_only(dynamic_file):
    model = onnx.load(dynamic_file)
    assert {each.domain for each in model.opset_import} == {''}
    assert model.opset_import[0].version >= 20
    assert len(model.functions) == 0
    onnx.checker.check_model(model)


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


def test_it_runs_where_pytorch_and_openmmlab_are_not(dynamic_file):
    done = subprocess.run(
        [sys.executable, '-c', BLOCKER + PROGRAM, str(dynamic_file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    taken, counts = json.loads(done.stdout.splitlines()[-1])
    assert taken == []
    assert len(counts) == 2


def test_at_most_so_many_detections():
    model = small()
    limit_detections(model, 3)
    outputs = run_form(model, two_images())
    assert np.bincount(outputs['image_ids']).max() <= 3
    assert model.rpn_head.test_cfg.max_per_img == 20


def test_old_opsets_are_refused(tmp_path):
    with pytest.raises(UserError, match='--opset 17 is too old'):
        write_onnx(small(), model_info(), tmp_path / 'model.onnx', 17)


def test_torch_export_takes_the_form():
    program = export_program(deploy_form(small()), model_info())
    inputs = [torch.from_numpy(part) for part in two_images(64, 64)]
    found = program.module()(*inputs)
    expected = deploy_form(small())(*inputs)
    torch.testing.assert_close(found, expected)


def test_half_precision_leaves_boxes_in_single_precision():
    form = deploy_form(small(), 'fp16')
    outputs = form(*map(torch.from_numpy, two_images()))
    assert {p.dtype for p in form.backbone.parameters()} == {torch.float16}
    assert outputs['boxes'].dtype == outputs['scores'].dtype == torch.float32
    assert len(outputs['scores']) > 0
