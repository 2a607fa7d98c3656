"""Shared fixtures: a small COCO folder and the config of a tiny detector for it."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.runner import checkpoint as mmengine_loaders
from mmengine.runner.checkpoint import CheckpointLoader
from samples.tools import load_tool

# Models here are small: more threads wait for each other longer than they work.
torch.set_num_threads(1)
REPOSITORY = Path(__file__).parents[1]
CLASSES = ('square', 'disc')
IMAGE_SIZE = 64

TINY_CONFIG = """
_base_ = '{repository}/configs/_base_/default_runtime.py'
classes = ('square', 'disc')
data_root = '{root}/'
model = dict(
    type='FasterRCNN',
    data_preprocessor=dict(type='DetDataPreprocessor', pad_size_divisor=32),
    backbone=dict(
        type='ResNet', depth=18, base_channels=8, frozen_stages=-1, norm_eval=False,
        norm_cfg=dict(type='BN')),
    neck=dict(type='FPN', in_channels=[8, 16, 32, 64], out_channels=16, num_outs=5),
    rpn_head=dict(
        type='RPNHead', in_channels=16, feat_channels=16,
        anchor_generator=dict(
            type='AnchorGenerator', scales=[4], ratios=[1.0, 2.0],
            strides=[4, 8, 16, 32, 64])),
    roi_head=dict(
        type='StandardRoIHead',
        bbox_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
            out_channels=16, featmap_strides=[4, 8, 16, 32]),
        bbox_head=dict(
            type='Shared2FCBBoxHead', in_channels=16, fc_out_channels=16,
            roi_feat_size=7, num_classes=2, reg_class_agnostic=True)),
    train_cfg=dict(
        rpn=dict(
            assigner=dict(
                type='MaxIoUAssigner', pos_iou_thr=0.7, neg_iou_thr=0.3,
                min_pos_iou=0.3),
            sampler=dict(
                type='RandomSampler', num=32, pos_fraction=0.5,
                add_gt_as_proposals=False),
            allowed_border=-1, pos_weight=-1, debug=False),
        rpn_proposal=dict(
            nms_pre=50, max_per_img=20, nms=dict(type='nms', iou_threshold=0.7)),
        rcnn=dict(
            assigner=dict(
                type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5,
                min_pos_iou=0.5),
            sampler=dict(type='RandomSampler', num=16, pos_fraction=0.25),
            pos_weight=-1, debug=False)),
    test_cfg=dict(
        rpn=dict(nms_pre=50, max_per_img=20, nms=dict(type='nms', iou_threshold=0.7)),
        rcnn=dict(
            score_thr=0.0, nms=dict(type='nms', iou_threshold=0.5), max_per_img=10)))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs')]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(64, 64), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))]
dataset = dict(
    type='CocoDataset', data_root=data_root, ann_file='annotations/train.json',
    data_prefix=dict(img='images/'), metainfo=dict(classes=classes),
    serialize_data=False)
train_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(pipeline=train_pipeline, **dataset))
val_dataloader = dict(
    batch_size=1, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(pipeline=test_pipeline, test_mode=True, **dataset))
val_dataloader['dataset']['ann_file'] = 'annotations/val.json'
test_dataloader = val_dataloader
val_evaluator = dict(
    type='CocoMetric', ann_file=data_root + 'annotations/val.json', metric='bbox')
test_evaluator = val_evaluator
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9))
randomness = dict(seed=0, deterministic=True)
default_hooks = dict(logger=dict(interval=1))
"""


@pytest.fixture(scope='session', autouse=True)
def _few_threads() -> None:
    os.environ.setdefault('OMP_NUM_THREADS', '1')


def write_coco_folder(root: Path, num_images: int = 4) -> Path:
    """Write images with a square and a disc each, and train and val annotations."""
    (root / 'images').mkdir(parents=True)
    (root / 'annotations').mkdir()
    images, annotations = [], []
    for index in range(num_images):
        x, y = 4 + 3 * index, 8 + 2 * index
        picture = np.full((IMAGE_SIZE, IMAGE_SIZE, 3), 40 * index, np.uint8)
        cv2.rectangle(picture, (x, y), (x + 19, y + 19), (255, 255, 255), -1)
        cv2.circle(picture, (48, 48), 9, (0, 200, 255), -1)
        cv2.imwrite(str(root / 'images' / f'{index}.png'), picture)
        size = dict(width=IMAGE_SIZE, height=IMAGE_SIZE)
        images.append(dict(id=index, file_name=f'{index}.png', **size))
        for category, box in ((1, [x, y, 20, 20]), (2, [38, 38, 20, 20])):
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=index,
                    category_id=category,
                    bbox=box,
                    area=box[2] * box[3],
                    iscrowd=0,
                )
            )
    categories = [dict(id=i, name=name) for i, name in enumerate(CLASSES, start=1)]
    content = dict(images=images, annotations=annotations, categories=categories)
    for name in ('train', 'val'):
        (root / 'annotations' / f'{name}.json').write_text(json.dumps(content))
    return root


@pytest.fixture
def coco_folder(tmp_path: Path) -> Path:
    """A folder with four images in COCO format."""
    return write_coco_folder(tmp_path / 'coco')


@pytest.fixture
def tiny_config(tmp_path: Path, coco_folder: Path) -> Path:
    """A config file of a tiny Faster R-CNN for ``coco_folder``."""
    path = tmp_path / 'tiny.py'
    path.write_text(TINY_CONFIG.format(repository=REPOSITORY, root=coco_folder))
    return path


@pytest.fixture
def edit_annotations(coco_folder: Path) -> Callable[..., Path]:
    """A function that changes an annotation file: ``edit('train', change)``."""

    def edit(name: str, change: Callable[[dict], object]) -> Path:
        path = coco_folder / 'annotations' / f'{name}.json'
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
        return path

    return edit


@pytest.fixture
def own_loaders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a test replace MMEngine's loaders for itself."""
    monkeypatch.setattr(CheckpointLoader, '_schemes', CheckpointLoader._schemes.copy())
    for name in ('load_from_http', '_safe_torch_load'):
        monkeypatch.setattr(mmengine_loaders, name, getattr(mmengine_loaders, name))


@pytest.fixture
def tool_main(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., int]]:
    """A function that runs ``main`` of a tool by name, in ``tmp_path``."""
    monkeypatch.chdir(tmp_path)
    # Loggers of earlier tests would write to streams that are closed by now.
    MMLogger._instance_dict.clear()

    def run(name: str, *argv: object) -> int:
        return load_tool(name).main([str(argument) for argument in argv])

    yield run
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def without_compilation():
    """oneDNN compiles a kernel for every new shape, which takes longest by far."""
    with torch.backends.mkldnn.flags(enabled=False):
        yield
