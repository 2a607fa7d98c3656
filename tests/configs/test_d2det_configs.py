"""Every D2Det config builds; narrow copies of them take a loss and a predict step."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import METRICS, MODELS
from mmdet.structures.mask import BitmapMasks
from mmengine.config import Config
from samples.configs import load_config, make_batch

import mmdet_plus  # noqa: F401
from mmdet_plus.datasets.isaid.tiles import COLOURS

FOLDER = Path(__file__).parents[2] / 'configs' / 'd2det'
CONFIGS = sorted(path.name for path in FOLDER.glob('*.py'))


def load(name: str) -> Config:
    return load_config(FOLDER / name)


def narrow(cfg: Config) -> Config:
    """The same structure, small enough to step in a second on a CPU."""
    model = cfg.model
    # Bottlenecks of base_channels=8 end in 32, 64, 128 and 256 channels.
    model.backbone.update(init_cfg=None, depth=50, base_channels=8)
    model.neck.update(in_channels=[32, 64, 128, 256], out_channels=16)
    model.rpn_head.update(in_channels=16, feat_channels=16)
    for part in model.roi_head.values():
        if isinstance(part, dict) and 'out_channels' in part:
            part.out_channels = 16
        if isinstance(part, dict) and 'in_channels' in part:
            part.in_channels = 16
    if 'reg_head' in model.roi_head:
        model.roi_head.reg_head.update(
            conv_channels=12, norm_cfg=dict(type='GN', num_groups=3)
        )
    if 'mask_head' in model.roi_head:
        norm = dict(type='GN', num_groups=2)
        model.roi_head.mask_head.update(conv_out_channels=8, norm_cfg=norm)
        if model.roi_head.mask_head.type == 'D2DetMaskHead':
            model.roi_head.mask_head.update(in_channels=12, fc_out_channels=16)
    model.test_cfg.rcnn.score_thr = 0.0  # untrained scores are low
    model.test_cfg.rcnn.max_per_img = 20  # masks of 1203 classes take time
    return cfg


@pytest.mark.parametrize('name', CONFIGS)
def test_config_steps(name):
    cfg = narrow(load(name))
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    num_classes = cfg.model.roi_head.bbox_head.num_classes
    data = make_batch(num_classes, [(96, 128), (128, 96)])
    for sample in data['data_samples']:
        masks = np.ones((2, 128, 128), dtype=np.uint8)
        sample.gt_instances.masks = BitmapMasks(masks, 128, 128)
    data = model.data_preprocessor(data, training=True)
    losses = model(**data, mode='loss')
    total, log = model.parse_losses(losses)
    assert total.isfinite()
    total.backward()
    missing = [
        n for n, p in model.named_parameters() if p.requires_grad and p.grad is None
    ]
    assert missing == []
    assert ('loss_mask' in log) == ('mask' in name)
    assert ('loss_overlap' in log) == (
        'reg_head' in cfg.model.roi_head and 'no-overlap' not in name
    )
    model.eval()
    with torch.no_grad():
        results = model(**data, mode='predict')
    assert len(results) == 2
    for result in results:
        found = result.pred_instances
        assert len(found) > 0
        assert found.bboxes.isfinite().all()
        assert ('masks' in found) == ('mask' in name)
        assert ((found.labels >= 0) & (found.labels < num_classes)).all()


def test_published_recipe():
    cfg = load('d2det_r50_fpn_2x_coco.py')
    optimizer = dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=0.0001)
    assert cfg.optim_wrapper.optimizer == optimizer
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
    model = MODELS.build(narrow(load('d2det_r50_fpn_2x_coco.py')).model)
    assert model.roi_head.bbox_head.loss_cls.loss_weight == 2.0
    assert model.roi_head.reg_head.loss_bbox.loss_weight == 2.0
    assert model.roi_head.reg_head.loss_overlap.loss_weight == 1.0


def test_dcn_is_in_the_last_three_stages():
    backbone = load('d2det_r101-dcnv2_fpn_2x_coco.py').model.backbone
    assert backbone.depth == 101
    assert backbone.dcn.type == 'DCNv2'
    assert backbone.stage_with_dcn == (False, True, True, True)


@pytest.mark.parametrize('name', [n for n in CONFIGS if n.endswith('_coco.py')])
def test_backbones_are_downloaded_by_plain_url(name):
    checkpoint = load(name).model.backbone.init_cfg.checkpoint
    assert checkpoint.startswith('https://download.pytorch.org/models/resnet')


def test_released_instance_segmentation():
    cfg = load('d2det-mask_r101_fpn_2x_coco.py')
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
