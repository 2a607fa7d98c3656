"""The shipped models as ONNX files: what they find is what PyTorch finds."""

import contextlib
import io
import json
import re
import shutil
from pathlib import Path

import pytest
from mmdet.apis import inference_detector, init_detector
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmdet_plus.deploy import OnnxDetector

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / 'mmdet_plus' / 'zoo' / 'weights'
CONFIGS = [
    'd2det/d2det_tiny_shapes',
    'cpm_rcnn/cpm-rcnn_tiny_shapes',
    'dcr/faster-rcnn-dcrv2_tiny_shapes',
    'refinedet/refinedet320_tiny_shapes',
    'double_head/dh-ext-faster-rcnn_tiny_shapes',
]
NUM_IMAGES = 100

pytestmark = pytest.mark.slow


def model_files(name: str) -> list[str]:
    """Config and checkpoint."""
    config = ROOT / 'configs' / f'{name}.py'
    checkpoint = next(WEIGHTS.glob(f'{config.stem}-*.pth'))
    return [str(config), str(checkpoint)]


@pytest.fixture
def shapes(tool_main, tmp_path):
    """Annotations and folder of validation images."""
    root = tmp_path / 'shapes'
    counts = ['--num-train', 1, '--num-val', NUM_IMAGES]
    assert tool_main('dataset_converters/make_shapes', root, *counts) == 0
    return next(root.glob('annotations/*val*.json')), root / 'val'


def average_precision(annotations: Path, found: dict[int, tuple]) -> float:
    """Box AP of boxes xyxy, scores and labels by image id."""
    rows = [
        dict(
            image_id=image_id,
            category_id=int(label) + 1,
            score=float(score),
            bbox=[*map(float, box[:2]), *map(float, box[2:] - box[:2])],
        )
        for image_id, (boxes, scores, labels) in found.items()
        for box, score, label in zip(boxes, scores, labels, strict=True)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(annotations))
        evaluation = COCOeval(truth, truth.loadRes(rows), 'bbox')
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def images_of(annotations: Path, folder: Path) -> dict[int, Path]:
    images = json.loads(annotations.read_text())['images']
    return {image['id']: folder / image['file_name'] for image in images}


def ap_of_pytorch(name: str, annotations: Path, folder: Path) -> float:
    model = init_detector(*model_files(name), device='cpu')
    found = {}
    for image_id, path in images_of(annotations, folder).items():
        own = inference_detector(model, str(path)).pred_instances
        found[image_id] = own.bboxes.numpy(), own.scores.numpy(), own.labels.numpy()
    return average_precision(annotations, found)


def ap_of_file(path: Path, annotations: Path, folder: Path) -> float:
    detector = OnnxDetector(path)
    found = {
        image_id: tuple(detector(image))[:3]
        for image_id, image in images_of(annotations, folder).items()
    }
    return average_precision(annotations, found)


@pytest.mark.parametrize('name', CONFIGS)
def test_average_precision_stays(name, shapes, tool_main, tmp_path):
    path = tmp_path / 'model.onnx'
    assert tool_main('export', *model_files(name), '--out', path) == 0
    expected = ap_of_pytorch(name, *shapes)
    assert expected > 0.2
    assert ap_of_file(path, *shapes) == pytest.approx(expected, abs=0.001)


def test_half_precision_finds_nearly_the_same(shapes, tool_main, tmp_path):
    name, path = CONFIGS[3], tmp_path / 'model.onnx'
    options = ['--out', path, '--precision', 'fp16']
    assert tool_main('export', *model_files(name), *options) == 0
    assert OnnxDetector(path).info.precision == 'fp16'
    expected = ap_of_pytorch(name, *shapes)
    assert ap_of_file(path, *shapes) == pytest.approx(expected, abs=0.01)


def test_own_images_are_compared_too(shapes, tool_main, tmp_path, capsys):
    own = tmp_path / 'own'
    own.mkdir()
    for image in sorted(shapes[1].iterdir())[:3]:
        shutil.copy(image, own)
    files, path = model_files(CONFIGS[3]), tmp_path / 'model.onnx'
    assert tool_main('export', *files, '--out', path, '--verify', own) == 0
    # The photograph twice, the three, and the first two at once.
    assert re.search(r'model.onnx: 7 images, \d+ detections', capsys.readouterr().out)
