from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from samples import dcr
from samples.deploy import build, model_info

from mmdet_plus.analysis.explanation import UnexplainedError
from mmdet_plus.apis import DetInferencer
from mmdet_plus.datasets.shapes.generation import draw_scene
from mmdet_plus.deploy import OnnxDetector
from mmdet_plus.deploy.exporting import write_onnx
from mmdet_plus.errors import UserError
from mmdet_plus.web.detectors import Shelf, TorchDetector, shown_name, unpack

ROOT = Path(__file__).parents[2]
MODEL = 'refinedet320_tiny_shapes'
NAMES = list('abcdefg')


@pytest.fixture(scope='module')
def image():
    return draw_scene(1, 'val', 8, 320).image[..., ::-1]


def test_the_page_finds_what_the_inferencer_finds(image):
    detector = Shelf([MODEL])[MODEL]
    finding = detector.detect(image)
    bgr = np.ascontiguousarray(image[..., ::-1])
    (wanted,) = DetInferencer(MODEL, show_progress=False)(bgr)['predictions']
    np.testing.assert_allclose(
        finding.detections.boxes, wanted['bboxes'][:100], atol=1e-4
    )
    assert finding.masks is None
    assert detector.class_names[0] == 'triangle'
    assert len(detector.palette) == 7
    assert {'prepare', 'backbone', 'neck', 'rest'} <= finding.seconds.keys()
    assert detector.explains
    assert detector.explain(image, finding.detections, 0).picture[:4] == b'\x89PNG'


def test_exported_models(tmp_path, image):
    path = tmp_path / 'model.onnx'
    info = model_info(class_names=NAMES, palette=[[9, 9, 9]] * 7, dynamic=True)
    write_onnx(build(dcr.detector_config()), info, path)
    detector = Shelf([str(path)])[f'{tmp_path.name}/model.onnx']
    finding = detector.detect(image)
    wanted = OnnxDetector(path)(image)
    assert len(wanted.scores) > 0
    np.testing.assert_array_equal(finding.detections.boxes, wanted.boxes[:100])
    assert detector.class_names == NAMES
    assert not detector.explains
    with pytest.raises(UnexplainedError, match='exported model'):
        detector.explain(image, finding.detections, 0)


def test_names_tell_no_folders():
    assert shown_name('d2det_tiny_shapes') == 'd2det_tiny_shapes'
    assert shown_name('/home/me/work/run1/epoch_2.pth') == 'run1/epoch_2.pth'
    assert shown_name('a/b.py=c/run2/last.pth') == 'run2/last.pth'
    with pytest.raises(UserError, match='same name'):
        Shelf(['a/x/model.onnx', 'b/x/model.onnx'])


def checkpoint_of(config, path, **meta):
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(config).model)
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    return path


def test_config_and_checkpoint(tiny_config, tmp_path):
    meta = dict(classes=('square', 'disc'))
    weights = checkpoint_of(tiny_config, tmp_path / 'net.pth', dataset_meta=meta)
    detector = Shelf([f'{tiny_config}={weights}'])[f'{tmp_path.name}/net.pth']
    assert detector.class_names == ['square', 'disc']
    assert not detector.explains


def test_masks_of_a_detector(tmp_path, image):
    config = ROOT / 'configs/d2det/d2det-mask_r18_fpn_1x_shapes.py'
    weights = checkpoint_of(config, tmp_path / 'net.pth')
    finding = TorchDetector(str(config), str(weights)).detect(image)
    assert len(finding.masks) == len(finding.detections.scores) > 0
    assert unpack(finding.masks[:2]).shape[1:] == image.shape[:2]
