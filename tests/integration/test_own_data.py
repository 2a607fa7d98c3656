"""The same images in each format train each method alike, with no line of config."""

import json
from pathlib import Path

import pytest
import torch

from mmdet_plus.datasets.shapes.creation import ShapesSpec, create_shapes
from mmdet_plus.datasets.shapes.generation import CLASSES

REPOSITORY = Path(__file__).parents[2]
CONFIGS = (
    'cpm_rcnn/cpm-rcnn_tiny_shapes.py',
    'd2det/d2det_tiny_shapes.py',
    'dcr/faster-rcnn-dcrv2_tiny_shapes.py',
    'double_head/dh-ext-faster-rcnn_tiny_shapes.py',
    'refinedet/refinedet320_tiny_shapes.py',
)
FORMATS = ('coco', 'voc', 'yolo')


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp('shapes')
    for name in FORMATS:
        create_shapes(root / name, ShapesSpec(num_train=16, num_val=8, format=name))
    return root


@pytest.mark.slow
@pytest.mark.parametrize('config', CONFIGS)
def test_formats_train_alike(tool_main, folders, tmp_path, config):
    results, tested = [], []
    path = REPOSITORY / 'configs' / config
    for name in FORMATS:
        work_dir = tmp_path / name
        data = ('--data', folders / name, '--work-dir', work_dir)
        assert tool_main('train', path, '--epochs', 1, *data) == 0
        best = torch.load(
            work_dir / 'best_coco_bbox_mAP_epoch_1.pth', weights_only=False
        )
        assert best['meta']['dataset_meta']['classes'] == CLASSES
        info = best['message_hub']['runtime_info']
        results.append((info['best_score'], best['state_dict']))
        work_dir = tmp_path / f'{name}_test'
        data = ('--data', folders / name, '--work-dir', work_dir)
        assert tool_main('test', path, f'zoo://{path.stem}', *data) == 0
        (log,) = work_dir.glob('*/*.json')
        tested.append(json.loads(log.read_text())['coco/bbox_mAP'])
    # The shipped weights, so that there is something to compare.
    assert tested[0] > 0.2
    assert len(set(tested)) == 1
    for measured, weights in results[1:]:
        assert measured == results[0][0]
        assert all(torch.equal(w, results[0][1][name]) for name, w in weights.items())
