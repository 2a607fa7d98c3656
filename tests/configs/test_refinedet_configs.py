"""The numbers of RefineDet; what derived configs change is in changes/refinedet.yml."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS, TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.config import Config
from samples.configs import load_config

import mmdet_plus  # noqa: F401
from mmdet_plus.models.dense_heads.ssd_baseline_head import SSDBaselineHead

FOLDER = Path(__file__).parents[2] / 'configs' / 'refinedet'
CONFIGS = sorted(path.name for path in FOLDER.glob('*.py'))
LARGE = [name for name in CONFIGS if 'shapes' not in name]


def load(name: str) -> Config:
    return load_config(FOLDER / name)


@pytest.mark.parametrize(
    ('schedule', 'steps', 'batch_size'),
    [
        ('512_vgg16_120k_voc0712', (80000, 100000, 120000), 32),
        ('512_vgg16_240k_voc07pp12', (160000, 200000, 240000), 32),
        ('512_vgg16_400k_coco', (280000, 360000, 400000), 32),
        ('512_r101_540k_coco', (400000, 480000, 540000), 20),
        ('320_r101_400k_coco', (280000, 360000, 400000), 32),
    ],
)
def test_published_schedules(schedule, steps, batch_size):
    cfg = load(f'refinedet{schedule}.py')
    (decay,) = cfg.param_scheduler
    assert (*decay.milestones, cfg.train_cfg.max_iters) == steps
    assert (decay.gamma, decay.by_epoch) == (0.1, False)
    optimizer = dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=5e-4)
    assert cfg.optim_wrapper.optimizer == optimizer
    biases = dict(bias_lr_mult=2, bias_decay_mult=0)
    assert cfg.optim_wrapper.paramwise_cfg == biases
    assert cfg.auto_scale_lr.base_batch_size == batch_size
    assert cfg.train_dataloader.batch_size * 4 == batch_size


def test_published_model():
    model = load('refinedet320_vgg16_120k_voc0712.py').model
    assert model.arm_head.negative_threshold == 0.99
    assert model.train_cfg.neg_pos_ratio == 3
    assert model.train_cfg.assigner == dict(
        type='MaxIoUAssigner',
        pos_iou_thr=0.5,
        neg_iou_thr=0.5,
        min_pos_iou=1e-6,
        gt_max_assign_all=False,
    )
    assert model.data_preprocessor.std == [1, 1, 1]
    assert model.data_preprocessor.pad_size_divisor == 64
    assert model.test_cfg == dict(
        score_thr=0.01,
        nms_pre=400,
        nms=dict(type='nms', iou_threshold=0.45),
        max_per_img=200,
        min_bbox_size=0,
    )


@pytest.mark.parametrize('name', ['320_r101_400k', '512_r101_540k'])
def test_published_resnet(name):
    model = load(f'refinedet{name}_coco.py').model
    assert (model.backbone.type, model.backbone.depth) == ('RefineDetResNet', 101)
    assert model.neck.norm_cfg.type == 'BN'
    assert (
        model.neck.in_channels == model.arm_head.in_channels == [512, 1024, 2048, 512]
    )
    assert model.data_preprocessor.std == [58.395, 57.12, 57.375]


@pytest.mark.parametrize('name', LARGE)
def test_input_size_is_that_of_the_name(name):
    cfg, size = load(name), int(name[9:12])
    for pipeline in (
        cfg.train_dataloader.dataset.pipeline,
        cfg.test_dataloader.dataset.pipeline,
    ):
        (resize,) = [step for step in pipeline if step.type == 'Resize']
        assert tuple(resize.scale) == (size, size)
        assert not resize.keep_ratio


# Factors of the input size, and sizes of boxes in pixels: (least longer side, least
# shorter side that is too much).
VIEWS_320 = {
    1: (None, None), 0.6: (32, None), 1.2: (None, 160), 1.4: (None, 128),
    1.6: (None, 96), 1.8: (None, 64), 2.2: (None, 32),
}  # fmt: skip
VIEWS_512 = {
    1: (None, None), 0.5: (None, None), 0.75: (None, None), 1.5: (None, 192),
    1.75: (None, 128), 2: (None, 96),
}  # fmt: skip
ON_COCO = {320: {2: (None, 48)}, 512: {1.25: (None, 224), 2.25: (None, 64)}}


@pytest.mark.parametrize('name', LARGE)
def test_views_are_the_released_ones(name):
    cfg, size, on_coco = load(name), int(name[9:12]), 'k_coco.' in name
    on_coco |= name.endswith('k_coco_released.py')
    expected = VIEWS_320 if size == 320 else VIEWS_512
    expected = expected | (ON_COCO[size] if on_coco else {})
    sizes, flips = cfg.tta_pipeline[1].transforms[:2]
    *squares, flat = [tuple(step.scale) for step in sizes]
    assert sorted(squares) == sorted((round(k * size),) * 2 for k in expected)
    assert flat == (size, 192 if size == 320 else 384)
    assert all(side % 64 == 0 for scale in squares for side in scale)
    assert not any(step.keep_ratio for step in sizes)
    assert [flip.prob for flip in flips] == [1.0, 0.0]
    merging = cfg.tta_model.tta_cfg
    limits = {limit.side: limit for limit in merging.size_limits}
    for factor, limit in expected.items():
        own = limits.get(round(factor * size), {})
        assert (own.get('longer_than'), own.get('shorter_than')) == limit
    assert cfg.tta_model.type == 'BoxVotingTTAModel'
    assert merging.iou_threshold == cfg.model.test_cfg.nms.iou_threshold
    assert merging.get('soft', False) == on_coco
    assert merging.max_per_img == cfg.model.test_cfg.max_per_img


@pytest.mark.parametrize('name', [n for n in LARGE if 'released' in n])
def test_what_only_released_models_do(name):
    cfg = load(name)
    soft = cfg.model.test_cfg.get('final_nms')
    if 'voc' in name:
        assert soft is None
        assert cfg.model.train_on_ignored
    else:
        assert soft == dict(type='soft_nms', iou_threshold=0.3)
        assert cfg.tta_model.view_test_cfg == dict(final_nms=None)
        assert not cfg.model.get('train_on_ignored', False)


@pytest.mark.parametrize(
    'name', [n for n in LARGE if 'r101' not in n or 'released' not in n]
)
def test_weights_are_downloaded_by_plain_url(name):
    checkpoint = load(name).model.backbone.init_cfg.checkpoint
    assert checkpoint.startswith(('https://download.', 'https://github.com/'))


@pytest.mark.parametrize('size', [320, 512])
def test_augmentation_is_that_of_ssd(size):
    cfg = load(f'refinedet{size}_vgg16_120k_voc0712.py')
    steps = {step.type: step for step in cfg.train_dataloader.dataset.pipeline}
    assert [*steps] == [
        'PhotoMetricDistortion',
        'Expand',
        'MinIoURandomCrop',
        'Resize',
        'RandomFlip',
        'PackDetInputs',
    ]
    assert steps['PhotoMetricDistortion'].brightness_delta == 32
    assert tuple(steps['PhotoMetricDistortion'].contrast_range) == (0.5, 1.5)
    assert tuple(steps['PhotoMetricDistortion'].saturation_range) == (0.5, 1.5)
    assert steps['PhotoMetricDistortion'].hue_delta == 36
    assert not steps['PhotoMetricDistortion'].swap_channels
    assert tuple(steps['Expand'].ratio_range) == (1, 4)
    assert steps['Expand'].mean == cfg.model.data_preprocessor.mean
    assert tuple(steps['MinIoURandomCrop'].min_ious) == (0.1, 0.3, 0.5, 0.7, 0.9)
    assert steps['MinIoURandomCrop'].min_crop_size == 0.3
    assert steps['RandomFlip'].prob == 0.5


def test_augmentation_runs():
    np.random.seed(0)
    cfg = load('refinedet320_vgg16_120k_voc0712.py')
    steps = [TRANSFORMS.build(step) for step in cfg.train_dataloader.dataset.pipeline]
    boxes = torch.tensor([[5.0, 10, 60, 70], [40, 20, 110, 85]])
    for _ in range(10):
        data = dict(
            img=np.random.randint(0, 255, (90, 120, 3), np.uint8),
            img_shape=(90, 120),
            gt_bboxes=HorizontalBoxes(boxes.clone()),
            gt_bboxes_labels=np.array([3, 7]),
            gt_ignore_flags=np.zeros(2, bool),
        )
        for step in steps:
            data = step(data)
        gt = data['data_samples'].gt_instances
        assert data['inputs'].shape == (3, 320, 320)
        assert 1 <= len(gt.labels) == len(gt.bboxes)
        assert (gt.bboxes.tensor >= 0).all()
        assert (gt.bboxes.tensor <= 320).all()


def test_data_of_the_paper():
    seven = load('refinedet320_vgg16_120k_voc0712.py')
    parts = seven.train_dataloader.dataset.dataset.datasets
    assert [part.ann_file[3:] for part in parts] == [
        '2007/ImageSets/Main/trainval.txt',
        '2012/ImageSets/Main/trainval.txt',
    ]
    assert seven.test_dataloader.dataset.ann_file == 'VOC2007/ImageSets/Main/test.txt'
    assert seven.test_evaluator.eval_mode == '11points'
    twelve = load('refinedet320_vgg16_240k_voc07pp12.py')
    parts = twelve.train_dataloader.dataset.dataset.datasets
    assert [part.ann_file[3:] for part in parts] == [
        '2007/ImageSets/Main/trainval.txt',
        '2007/ImageSets/Main/test.txt',
        '2012/ImageSets/Main/trainval.txt',
    ]
    assert twelve.val_cfg is None


def test_baseline_has_the_same_backbone_data_and_budget():
    ours = load('refinedet320_r18_1x_shapes.py')
    ssd = load_config(FOLDER.parent / 'baselines' / 'ssd320_r18_1x_shapes.py')
    for key in (
        'train_dataloader',
        'val_dataloader',
        'train_cfg',
        'optim_wrapper',
        'param_scheduler',
        'randomness',
    ):
        assert ours[key] == ssd[key], key
    for key in ('backbone', 'data_preprocessor'):
        assert ours.model[key] == ssd.model[key]
    assert isinstance(MODELS.build(ssd.model).bbox_head, SSDBaselineHead)
