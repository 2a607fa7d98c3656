"""The numbers of CPM R-CNN; what derived configs change is in changes/cpm_rcnn.yml."""

from pathlib import Path

from mmengine.config import Config
from samples.configs import load_config

import mmdet_plus  # noqa: F401

FOLDER = Path(__file__).parents[2] / 'configs' / 'cpm_rcnn'
BASELINES = FOLDER.parent / 'baselines'
MAIN = 'cpm-rcnn_r50_fpn_2x_coco'
SHAPES = 'cpm-rcnn_r18_fpn_1x_shapes'


def load(name: str) -> Config:
    return load_config(FOLDER / f'{name}.py')


def test_published_numbers():
    cfg = load(MAIN)
    head = cfg.model.roi_head
    assert head.num_stages == 3
    assert head.mapping_ratios == (2.0, 1.5, 1.25)
    assert head.stage_loss_weights == (1.0, 0.5, 0.25)
    assert head.grid_head.loss_grid.loss_weight == 15
    assert (head.grid_head.num_convs, head.grid_head.point_channels) == (8, 64)
    assert (head.iou_head.in_channels, head.iou_head.fc_out_channels) == (576, 1024)
    assert head.bbox_head.loss_cls.loss_weight == head.rsm_head.loss_cls.loss_weight
    train, test = cfg.model.train_cfg, cfg.model.test_cfg
    assert (train.rcnn.max_grid_rois, train.rcnn.stage_iou_thrs) == (96, (0.6, 0.7))
    assert (train.rcnn.sampler.num, train.rcnn.sampler.pos_fraction) == (512, 0.25)
    assert train.rpn.sampler.num == 256
    assert (train.rpn.assigner.neg_iou_thr, train.rpn.assigner.pos_iou_thr) == (
        0.3,
        0.7,
    )
    assert test.rpn.max_per_img == 1000
    assert test.rcnn == dict(
        score_thr=0.03,
        nms=dict(type='nms', iou_threshold=0.3),
        max_per_img=96,
        gamma=0.8,
    )
    optimizer = dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=0.0001)
    assert cfg.optim_wrapper.optimizer == optimizer
    assert cfg.train_cfg.max_iters == 180000
    assert cfg.param_scheduler[1].milestones == [120000, 160000]
    assert cfg.auto_scale_lr.base_batch_size == 16
    assert cfg.train_dataloader.sampler.type == 'InfiniteSampler'


def test_multi_scale_and_soft_nms():
    cfg = load('cpm-rcnn_x101-64x4d-dcn_fpn-soft-nms_ms-2x_coco')
    resize = cfg.train_dataloader.dataset.pipeline[2]
    assert resize.scale == [(1333, 600), (1333, 800)]
    assert cfg.model.test_cfg.rcnn.final_nms.type == 'soft_nms'
    assert cfg.tta_model.tta_cfg.nms.type == 'soft_nms'
    assert len(cfg.tta_pipeline[1].transforms[0]) == 3
    assert cfg.model.backbone.type == 'ResNeXt'
    assert cfg.model.backbone.dcn.type == 'DCN'
    assert cfg.model.train_cfg.rcnn.max_grid_rois == 32


def test_shapes_configs_have_equal_budgets():
    ours, grid = load(SHAPES), load_config(BASELINES / 'grid-rcnn_r18_fpn_1x_shapes.py')
    faster = load_config(BASELINES / 'faster-rcnn_r18_fpn_1x_shapes.py')
    for other in (grid, faster):
        for key in (
            'train_cfg',
            'param_scheduler',
            'optim_wrapper',
            'train_dataloader',
            'custom_hooks',
            'randomness',
        ):
            assert ours[key] == other[key], key
        assert ours.model.backbone == other.model.backbone
        assert ours.model.neck == other.model.neck
        assert ours.model.rpn_head == other.model.rpn_head
    sampled = ours.model.train_cfg.rcnn.max_grid_rois * ours.train_dataloader.batch_size
    assert grid.model.train_cfg.rcnn.max_num_grid == sampled
