"""Every CPM R-CNN config builds; narrow copies take a loss and a predict step."""

import re
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from samples.configs import load_config, make_batch

import mmdet_plus  # noqa: F401

FOLDER = Path(__file__).parents[2] / 'configs' / 'cpm_rcnn'
CONFIGS = sorted(path.stem for path in FOLDER.glob('*.py'))
MAIN = 'cpm-rcnn_r50_fpn_2x_coco'
SHAPES = 'cpm-rcnn_r18_fpn_1x_shapes'
VARIANTS = [n for n in CONFIGS if n.startswith('cpm') and 'fpn-' in n]
# The others are one of these with other numbers or another backbone.
STEPPED = [
    MAIN,
    'cpm-rcnn_r50_fpn-baseline_2x_coco',
    'cpm-rcnn_r50_fpn-ism-smooth-l1_2x_coco',
    'cpm-rcnn_r50_fpn-cmm-3stages-test2_2x_coco',
    'cpm-rcnn_r50_fpn-cmm-rsm_2x_coco',
    'cpm-rcnn_r50_fpn-gamma-none_2x_coco',
    'cpm-rcnn_r50_fpn-point-fusion_2x_coco',
    'cpm-rcnn_x101-64x4d-dcn_fpn-soft-nms_ms-2x_coco',
    SHAPES,
    'grid-rcnn_r18_fpn_1x_shapes',
]


def load(name: str) -> Config:
    return load_config(FOLDER / f'{name}.py')


def narrow(cfg: Config) -> Config:
    """The same structure, small enough to step in a fraction of a second on a CPU."""
    model = cfg.model
    deep = model.backbone.type == 'ResNeXt' or model.backbone.depth > 18
    model.backbone.update(init_cfg=None, depth=50 if deep else 18, base_channels=8)
    if model.backbone.type == 'ResNeXt':
        model.backbone.update(groups=2, base_width=2)
    channels = [32, 64, 128, 256] if deep else [8, 16, 32, 64]
    model.neck.update(in_channels=channels, out_channels=16)
    model.rpn_head.update(in_channels=16, feat_channels=16)
    head = model.roi_head
    head.bbox_roi_extractor.out_channels = head.grid_roi_extractor.out_channels = 16
    for part in (head.bbox_head, head.get('rsm_head')):
        if part:
            part.update(in_channels=16, fc_out_channels=16)
    norm = dict(type='GN', num_groups=9)
    grid = dict(in_channels=16, num_convs=2, norm_cfg=norm)
    grid['point_feat_channels' if head.type == 'GridRoIHead' else 'point_channels'] = 2
    head.grid_head.update(grid)
    if head.get('iou_head'):
        head.iou_head.update(in_channels=18, fc_out_channels=16)
    model.train_cfg.rpn_proposal.max_per_img = 20
    model.train_cfg.rcnn.sampler.num = 16
    model.test_cfg.rpn.max_per_img = 20
    model.test_cfg.rcnn.update(score_thr=0.0, max_per_img=20)
    return cfg


@pytest.mark.parametrize('name', sorted({*CONFIGS} - {*STEPPED}))
def test_config_builds(name):
    cfg = narrow(load(name))
    head = MODELS.build(cfg.model.roi_head | roi_cfgs(cfg))
    assert type(head).__name__ == 'CPMRoIHead'
    assert cfg.auto_scale_lr.base_batch_size in (8, 16)


def roi_cfgs(cfg: Config) -> dict:
    return dict(train_cfg=cfg.model.train_cfg.rcnn, test_cfg=cfg.model.test_cfg.rcnn)


@pytest.mark.parametrize('name', STEPPED)
def test_config_steps(name):
    cfg = narrow(load(name))
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    num_classes = cfg.model.roi_head.bbox_head.num_classes
    data = model.data_preprocessor(make_batch(num_classes), training=True)
    total, log = model.parse_losses(model(**data, mode='loss'))
    assert total.isfinite()
    total.backward()
    missing = [
        n for n, p in model.named_parameters() if p.requires_grad and p.grad is None
    ]
    # MMDetection's grid head has a convolution that nobody uses in training.
    assert missing == [] or 'grid-rcnn' in name
    head = cfg.model.roi_head
    assert ('loss_iou' in log) == bool(head.get('iou_head'))
    assert ('rsm.loss_cls' in log) == bool(head.get('rsm_head'))
    assert sum('loss_grid' in key for key in log) == head.get('num_stages', 1)
    model.eval()
    with torch.no_grad():
        results = model(**data, mode='predict')
    for result in results:
        found = result.pred_instances
        assert len(found) > 0
        assert found.bboxes.isfinite().all()
        assert ((found.labels >= 0) & (found.labels < num_classes)).all()


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


def modules_of(name: str) -> tuple[int, bool, bool]:
    head = load(name).model.roi_head
    return head.num_stages, bool(head.iou_head), bool(head.rsm_head)


TABLE_1 = ('baseline', 'cmm', 'ism', 'cmm-ism', 'rsm', 'cmm-rsm', 'ism-rsm')


@pytest.mark.parametrize('row', [*TABLE_1, 'cmm-ism-rsm'])
@pytest.mark.parametrize('end', ['r50_fpn{}_2x_coco', 'r18_fpn{}_1x_shapes'])
def test_rows_of_table_1(row, end):
    full = row == 'cmm-ism-rsm' and 'r18' in end
    name = 'cpm-rcnn_' + end.format('' if full else f'-{row}')
    on = row.split('-')
    assert modules_of(name) == (2 if 'cmm' in on else 1, 'ism' in on, 'rsm' in on)


@pytest.mark.parametrize('name', [n for n in VARIANTS if '3stages' in n])
def test_rows_of_tables_3_and_4(name):
    cfg = load(name)
    assert modules_of(name) == (3, False, False)
    ratios = (2.0, 2.0, 2.0) if 'ratio2' in name else (2.0, 1.5, 1.25)
    assert cfg.model.roi_head.mapping_ratios == ratios
    stage = re.search(r'test(\d)', name)
    expected = int(stage[1]) if stage else None
    assert cfg.model.test_cfg.rcnn.get('test_stage') == expected


@pytest.mark.parametrize(
    ('variant', 'kind'),
    [('', 'MSELoss'), ('-l1', 'L1Loss'), ('-smooth-l1', 'SmoothL1Loss')],
)
def test_rows_of_table_5(variant, kind):
    name = f'cpm-rcnn_r50_fpn-ism{variant}_2x_coco'
    assert modules_of(name) == (1, True, False)
    assert load(name).model.roi_head.iou_head.loss_iou.type == kind


@pytest.mark.parametrize('name', [n for n in VARIANTS if 'gamma' in n])
def test_values_of_fig_7(name):
    cfg = load(name)
    value = name.split('gamma-')[1].split('_')[0]
    gamma = cfg.model.test_cfg.rcnn.gamma
    assert gamma == (None if value == 'none' else float(value))
    assert cfg.model.roi_head == load(MAIN).model.roi_head


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
    ours, grid = load(SHAPES), load('grid-rcnn_r18_fpn_1x_shapes')
    path = FOLDER.parent / 'd2det' / 'faster-rcnn_r18_fpn_1x_shapes.py'
    faster = load_config(path)
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


@pytest.mark.parametrize('name', CONFIGS)
def test_derived_configs_are_short_and_say_what_they_are(name):
    lines = (FOLDER / f'{name}.py').read_text().splitlines()
    assert lines[0].startswith('# ')
    assert len(lines) <= 25
