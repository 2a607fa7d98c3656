"""``zoo://NAME`` serves each tool that takes a checkpoint."""

import json
from pathlib import Path

import pytest
import torch

from mmdet_plus.datasets.shapes.creation import ShapesSpec, create_shapes
from mmdet_plus.zoo import find_entry
from mmdet_plus.zoo.download import fetch

CONFIGS = Path(__file__).parents[2] / 'configs'
D2DET = CONFIGS / 'd2det/d2det_tiny_shapes.py'
CHOSEN = ('circle', 'square')
pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def shapes(tmp_path_factory):
    root = tmp_path_factory.mktemp('shapes')
    create_shapes(root, ShapesSpec(num_train=8, num_val=8))
    return root


def measured(work_dir: Path) -> float:
    (log,) = work_dir.glob('*/*.json')
    return json.loads(log.read_text().splitlines()[-1])['coco/bbox_mAP']


def test_a_name_is_tested_as_its_file(tool_main, shapes, tmp_path):
    file = fetch(find_entry(D2DET.stem))
    found = []
    for kind, checkpoint in (('name', f'zoo://{D2DET.stem}'), ('file', file)):
        options = ('--data', shapes, '--work-dir', tmp_path / kind)
        assert tool_main('test', D2DET, checkpoint, *options) == 0
        found.append(measured(tmp_path / kind))
    assert found[0] == found[1] > 0.2


def test_fine_tuning_with_other_classes(tool_main, shapes, tmp_path):
    work_dir = tmp_path / 'tuned'
    data = ('--data', shapes, '--classes', ','.join(CHOSEN), '--work-dir', work_dir)
    load = ('--load', f'zoo://{D2DET.stem}')
    # So small a rate leaves the weights as they were loaded, but for rounding.
    rate = ('--cfg-options', 'optim_wrapper.optimizer.lr=1e-12')
    assert tool_main('train', D2DET, *data, '--epochs', 1, *load, *rate) == 0
    (path,) = work_dir.glob('best_*.pth')
    tuned = torch.load(path, weights_only=False)
    assert tuned['meta']['dataset_meta']['classes'] == CHOSEN
    weights = tuned['state_dict']
    assert weights['roi_head.bbox_head.fc_cls.weight'].shape[0] == len(CHOSEN) + 1
    shipped = torch.load(fetch(find_entry(D2DET.stem)), weights_only=False)
    name = 'backbone.layer1.0.conv1.weight'
    expected = shipped['state_dict'][name].float()
    torch.testing.assert_close(weights[name], expected, atol=1e-5, rtol=1e-4)


def test_export(tool_main, tmp_path):
    pytest.importorskip('onnxruntime')
    path = CONFIGS / 'refinedet/refinedet320_tiny_shapes.py'
    out = tmp_path / 'refinedet.onnx'
    assert tool_main('export', path, f'zoo://{path.stem}', '--out', out) == 0
    assert out.stat().st_size > 100_000
