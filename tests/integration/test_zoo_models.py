"""The models that the package ships find what they found when they were published."""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmdet_plus.datasets.shapes.creation import ShapesSpec, create_shapes
from mmdet_plus.zoo import fetch, load_index
from mmdet_plus.zoo.safe_loading import load_checkpoint_file

MAX_SIZE = 3 * 2**20
MAX_START_SIZE = 3.5 * 2**20
SHIPPED = [
    entry
    for entry in load_index().values()
    if entry.file and entry.file.urls[0].startswith('package:') and entry.results
]
START = 'faster-rcnn_r18_fpn-start_6e_shapes'


@pytest.fixture(scope='module')
def shapes(tmp_path_factory):
    """The fixed validation set; it does not depend on the number of training images."""
    root = tmp_path_factory.mktemp('shapes')
    create_shapes(root, ShapesSpec(num_train=1, num_val=100), overwrite=True)
    return root


@pytest.mark.parametrize('entry', SHIPPED, ids=lambda entry: entry.name)
def test_average_precision_is_the_recorded_one(entry, shapes, tmp_path):
    assert fetch(entry).stat().st_size == entry.file.size <= MAX_SIZE
    cfg = Config.fromfile(entry.config)
    init_default_scope('mmdet')
    cfg.merge_from_dict(
        {
            'work_dir': str(tmp_path),
            'load_from': f'zoo://{entry.name}',
            'test_dataloader.dataset.data_root': str(shapes),
            'test_evaluator.ann_file': str(shapes / 'annotations' / 'val.json'),
        }
    )
    try:
        metrics = Runner.from_cfg(cfg).test()
    finally:
        torch.use_deterministic_algorithms(False)
    (recorded,) = [result['Metrics']['box AP'] for result in entry.results]
    # In percent, as metafiles of OpenMMLab have it.
    assert metrics['coco/bbox_mAP'] * 100 == pytest.approx(recorded, abs=0.5)


def test_start_weights_are_all_of_the_model_but_its_roi_head():
    entry = load_index()[START]
    assert fetch(entry).stat().st_size == entry.file.size <= MAX_START_SIZE
    weights = load_checkpoint_file(fetch(entry), 'cpu')['state_dict']
    init_default_scope('mmdet')
    model = MODELS.build(Config.fromfile(entry.config).model)
    shapes = {
        name: value.shape
        for name, value in model.state_dict().items()
        if not name.startswith('roi_head.') and 'num_batches_tracked' not in name
    }
    assert {name: value.shape for name, value in weights.items()} == shapes


def test_something_is_shipped():
    assert SHIPPED
