"""The models that the package ships find what they found when they were published."""

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmdet_plus.datasets.shapes.creation import ShapesSpec, create_shapes
from mmdet_plus.zoo import fetch, load_index

MAX_SIZE = 3 * 2**20
SHIPPED = [
    entry
    for entry in load_index().values()
    if entry.file and entry.file.urls[0].startswith('package:')
]


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


def test_something_is_shipped():
    assert SHIPPED
