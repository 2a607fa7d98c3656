"""The numbers of D2Det; what derived configs change is in changes/d2det.yml."""

from pathlib import Path

import mmdet
import pytest
from mmdet.registry import METRICS, MODELS
from mmengine.config import Config
from samples.configs import load_config
from samples.narrowing import narrow

import mmdet_plus  # noqa: F401
from mmdet_plus.datasets.isaid.tiles import COLOURS

HOST = Path(mmdet.__file__).parent / '.mim' / 'configs'
FOLDER = Path(__file__).parents[2] / 'configs' / 'd2det'
CONFIGS = sorted(path.name for path in FOLDER.glob('*.py'))


def load(name: str) -> Config:
    return load_config(FOLDER / name)


def test_published_recipe():
    cfg = load('d2det_r50_fpn_2x_coco.py')
    optimizer = dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=0.0001)
    assert cfg.optim_wrapper.optimizer == optimizer
    assert cfg.optim_wrapper.clip_grad == dict(max_norm=35, norm_type=2)
    assert cfg.param_scheduler[1].milestones == [20, 23]
    assert cfg.param_scheduler[0].start_factor == 1 / 80
    assert cfg.param_scheduler[0].end == 1000
    assert cfg.train_cfg.max_epochs == 24
    assert cfg.auto_scale_lr.base_batch_size == 16
    assert cfg.model.train_cfg.rcnn.pos_jitter == 0.15
    assert cfg.model.train_cfg.rcnn.max_reg_rois == 192
    assert cfg.model.test_cfg.rcnn == dict(
        score_thr=0.03,
        nms=dict(type='nms', iou_threshold=0.5),
        max_per_img=125,
        final_nms=dict(type='soft_nms', iou_threshold=0.5),
    )
    model = MODELS.build(narrow(cfg.model))
    assert model.roi_head.bbox_head.loss_cls.loss_weight == 2.0
    assert model.roi_head.reg_head.loss_bbox.floor == 0.1
    assert model.roi_head.reg_head.loss_bbox.loss_weight == 2.0
    assert model.roi_head.reg_head.loss_overlap.loss_weight == 1.0


@pytest.mark.parametrize('name', [n for n in CONFIGS if n.endswith('_coco.py')])
def test_backbones_are_downloaded_by_plain_url(name):
    backbone = load(name).model.backbone
    start = 'https://download.pytorch.org/models/resnet'
    if backbone.type != 'ResNet':
        start = 'https://'
    assert backbone.init_cfg.checkpoint.startswith(start)


@pytest.mark.parametrize(
    ('name', 'samples'),
    [
        ('d2det_r50_fpn_2x_coco', 2),
        ('d2det_r101_fpn_2x_coco', 1),
        ('d2det_r101-dcnv2_fpn_2x_coco', 1),
        ('d2det_r101-dcnv2_fpn_ms-2x_coco', 1),
        ('d2det-mask_r50_fpn_2x_coco', 1),
        ('d2det-mask_r101_fpn_2x_coco', 1),
    ],
)
def test_released_samples_of_the_pooling(name, samples):
    cfg = load(f'{name}.py').model.roi_head.bbox_roi_extractor
    extractor = MODELS.build(cfg)
    for layers in (extractor.roi_layers, extractor.coarse_layers):
        assert {layer.sampling_ratio for layer in layers} == {samples}


@pytest.mark.parametrize(
    'name',
    [
        '../baselines/faster-rcnn-2branch_r50_fpn_2x_coco',
        'd2det_r50_fpn-dlr_2x_coco',
        'faster-rcnn-2branch-drp_r50_fpn_2x_coco',
        'd2det_r50_fpn_2x_coco',
    ],
)
def test_rows_of_table_2_share_weights_and_thresholds(name):
    cfg = load(f'{name}.py').model
    assert cfg.roi_head.bbox_head.loss_cls.loss_weight == 2.0
    rcnn = cfg.test_cfg.rcnn
    assert (rcnn.score_thr, rcnn.max_per_img) == (0.03, 125)
    last = rcnn.final_nms if 'final_nms' in rcnn else rcnn.nms
    assert last == dict(type='soft_nms', iou_threshold=0.5)


def test_convnext_is_built_and_trained_as_by_mmdetection():
    host = 'mask-rcnn_convnext-t-p4-w7_fpn_amp-ms-crop-3x_coco.py'
    cfg = load('d2det_convnext-t_fpn_2x_coco.py')
    stock = load_config(HOST / 'convnext' / host)
    assert stock.model.backbone == cfg.model.backbone
    assert stock.model.neck.in_channels == cfg.model.neck.in_channels
    for key in ('constructor', 'paramwise_cfg'):
        assert stock.optim_wrapper[key] == cfg.optim_wrapper[key]
    betas = (0.9, 0.999)  # the defaults
    optimizer = dict(cfg.optim_wrapper.optimizer, betas=betas)
    assert stock.optim_wrapper.optimizer == optimizer


def test_released_instance_segmentation():
    cfg = load('d2det-mask_r101_fpn_2x_coco.py')
    assert cfg.model.test_cfg.rpn.max_per_img == 700
    assert cfg.model.backbone.depth == 101
    assert cfg.model.roi_head.bbox_roi_extractor.sampling_ratio == 1
    test_cfg = cfg.model.test_cfg.rcnn
    assert (test_cfg.score_thr, test_cfg.nms.iou_threshold) == (0.05, 0.3)
    assert (test_cfg.max_per_img, test_cfg.final_nms) == (100, None)
    loading = cfg.train_dataloader.dataset.pipeline[1]
    assert loading.with_mask
    assert cfg.val_evaluator.metric == ['bbox', 'segm']


def test_isaid_has_fifteen_classes_without_the_background():
    cfg = load('d2det-mask_r101_fpn_2x_isaid.py')
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.metainfo.classes == tuple(COLOURS)
        assert loader.dataset.metainfo.palette == list(COLOURS.values())
    assert cfg.model.roi_head.bbox_head.num_classes == len(COLOURS) == 15


def test_uavdt_is_measured_by_its_own_rule():
    cfg = load('d2det_r101_fpn_2x_uavdt.py')
    assert cfg.test_evaluator.type == 'UAVDTMetric'
    assert cfg.test_evaluator.iou_thrs == 0.7
    assert cfg.val_dataloader.dataset.metainfo.classes == ('vehicle',)
    METRICS.build(cfg.test_evaluator)
