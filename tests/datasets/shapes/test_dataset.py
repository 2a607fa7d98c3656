from pathlib import Path

import numpy as np
import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmdet_plus.datasets import ShapesDataset
from mmdet_plus.datasets.shapes.creation import ShapesSpec, create_shapes
from mmdet_plus.datasets.shapes.generation import CLASSES, draw_scene

BASES = Path(__file__).parents[3] / 'configs' / '_base_' / 'datasets'
SCENES = [draw_scene(0, 'train', i, 128) for i in range(25)]


@pytest.fixture(scope='module', autouse=True)
def scope():
    init_default_scope('mmdet')


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    folder = tmp_path_factory.mktemp('shapes')
    for kind in ('coco', 'voc'):
        spec = ShapesSpec(num_train=25, num_val=2, image_size=128, format=kind)
        create_shapes(folder / kind, spec)
    return folder


def train_set(root, base: str):
    config = Config.fromfile(BASES / base).train_dataloader.dataset
    config.get('dataset', config).data_root = str(root)
    return DATASETS.build(config)


def test_coco_files_hold_the_drawn_objects(roots):
    dataset = train_set(roots / 'coco', 'shapes_detection.py')
    assert isinstance(dataset, ShapesDataset)
    assert len(dataset) == 25
    for i, scene in enumerate(SCENES):
        found = dataset.get_data_info(i)['instances']
        assert [x['bbox_label'] for x in found] == [x.label for x in scene.instances]
        assert [tuple(x['bbox']) for x in found] == [x.bbox for x in scene.instances]


def test_images_without_objects_are_kept(roots):
    dataset = train_set(roots / 'coco', 'shapes_detection.py')
    empty = [i for i, scene in enumerate(SCENES) if not scene.instances]
    assert empty
    assert len(dataset[empty[0]]['data_samples'].gt_instances) == 0


def test_every_class_has_its_own_color():
    meta = ShapesDataset.METAINFO
    assert meta['classes'] == CLASSES
    assert len(set(meta['palette'])) == len(CLASSES)


def test_pipeline_yields_masks(roots):
    dataset = train_set(roots / 'coco', 'shapes_instance.py')
    assert len(dataset) == 2 * 25  # every image twice
    crowded = max(range(25), key=lambda i: len(SCENES[i].instances))
    sample = dataset[crowded]
    instances = sample['data_samples'].gt_instances
    masks = instances.masks.to_ndarray()
    assert sample['inputs'].shape == (3, 256, 256)
    areas = [4 * x.mask.sum() for x in SCENES[crowded].instances]
    np.testing.assert_allclose(masks.sum(axis=(1, 2)), areas, rtol=0.1, atol=8)


def test_val_set_of_the_config_loads(roots):
    config = Config.fromfile(BASES / 'shapes_detection.py').val_dataloader.dataset
    config.data_root = str(roots / 'coco')
    dataset = DATASETS.build(config)
    assert len(dataset) == 2
    assert dataset[0]['inputs'].shape == (3, 256, 256)


def test_instance_config_asks_for_masks():
    config = Config.fromfile(BASES / 'shapes_instance.py')
    for evaluator in (config.val_evaluator, config.test_evaluator):
        assert evaluator.metric == ['bbox', 'segm']
        assert evaluator.ann_file == 'data/shapes/annotations/val.json'


def test_voc_files_load_into_mmdet(roots):
    dataset = DATASETS.build(
        dict(
            type='VOCDataset',
            data_root=str(roots / 'voc'),
            ann_file='ImageSets/Main/train.txt',
            data_prefix=dict(sub_data_root=''),
            metainfo=ShapesDataset.METAINFO,
            pipeline=[dict(type='LoadImageFromFile')],
        )
    )
    assert len(dataset) == 25
    assert dataset[3]['img'].shape == (128, 128, 3)
    for i, scene in enumerate(SCENES):
        found = dataset.get_data_info(i)['instances']
        assert [x['bbox_label'] for x in found] == [x.label for x in scene.instances]
        # VOC boxes end at the last pixel inside, ours behind it.
        boxes = [
            (x1, y1, x2 + 1, y2 + 1) for x1, y1, x2, y2 in (x['bbox'] for x in found)
        ]
        assert boxes == [x.bbox for x in scene.instances]
