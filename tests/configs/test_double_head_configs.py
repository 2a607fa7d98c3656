"""The numbers of Double-Head; what derived configs change is in changes/*.yml."""

from pathlib import Path

import pytest
from mmdet.registry import MODELS
from mmengine.config import Config
from samples.configs import load_config
from samples.narrowing import narrow

import mmdet_plus  # noqa: F401

FOLDER = Path(__file__).parents[2] / 'configs' / 'double_head'
CONFIGS = sorted(path.stem for path in FOLDER.glob('*.py'))
EXT = 'dh-ext-faster-rcnn_r50_fpn_1x_coco'
PLAIN = 'double-head-nl_r50_fpn_1x_coco'


def load(name: str) -> Config:
    return load_config(FOLDER / f'{name}.py')


def heads(name: str) -> dict[str, float]:
    """Weights of the tasks, without those that are zero."""
    config = narrow(load(name).model).roi_head.bbox_head
    head = MODELS.build(dict(config, num_roi_feats=2))
    return {k: round(v, 3) for k, v in head.task_weights.items() if v > 0}


def test_published_numbers():
    assert heads(EXT) == dict(fc_cls=1.4, fc_reg=0.6, conv_cls=0.5, conv_reg=2.0)
    roi_head = load(EXT).model.roi_head
    assert roi_head.reg_roi_scale_factor == 1.3
    head = roi_head.bbox_head
    assert (head.num_fcs, head.fc_out_channels) == (2, 1024)
    assert (head.num_blocks, head.conv_out_channels) == (3, 1024)
    assert head.with_non_local
    assert head.fusion == 'complementary'


@pytest.mark.parametrize(
    ('name', 'expected', 'fusion'),
    [
        (PLAIN, dict(fc_cls=2.0, conv_reg=2.5), 'fc'),
        (
            'double-head-nl-reversed_r50_fpn_1x_coco',
            dict(fc_reg=2.0, conv_cls=2.5),
            'conv',
        ),
        ('single-fc_r50_fpn_1x_coco', dict(fc_cls=1.0, fc_reg=1.0), 'fc'),
        ('single-conv_r50_fpn_1x_coco', dict(conv_cls=1.0, conv_reg=1.0), 'conv'),
    ],
)
def test_head_structures(name, expected, fusion):
    assert heads(name) == expected
    assert load(name).model.roi_head.bbox_head.fusion == fusion


def test_plain_double_head_is_mmdets():
    head = load('double-head_r50_fpn_1x_coco').model.roi_head
    assert head.type == 'DoubleHeadRoIHead'
    assert head.reg_roi_scale_factor == 1.3
    assert head.bbox_head.type == 'DoubleConvFCBBoxHead'
    assert (head.bbox_head.num_convs, head.bbox_head.num_fcs) == (4, 2)
    assert head.bbox_head.loss_cls.loss_weight == 2.0
    assert head.bbox_head.loss_bbox.loss_weight == 2.0


def test_schedules():
    for kind in ('double-head', 'dh-ext-faster-rcnn'):
        for depth in (50, 101):
            for times in (1, 2):
                cfg = load(f'{kind}_r{depth}_fpn_{times}x_coco')
                assert cfg.model.backbone.depth == depth
                assert f'resnet{depth}-' in cfg.model.backbone.init_cfg.checkpoint
                assert cfg.train_cfg.max_epochs == 12 * times
                assert cfg.auto_scale_lr.base_batch_size == 16


def test_voc_is_that_of_2007_with_the_ious_of_coco():
    cfg = load('dh-ext-faster-rcnn_r50_fpn_1x_voc07')
    data = cfg.train_dataloader.dataset.dataset
    assert data.ann_file == 'VOC2007/ImageSets/Main/trainval.txt'
    assert data.type == 'VOCDataset'
    assert cfg.test_dataloader.dataset.ann_file == 'VOC2007/ImageSets/Main/test.txt'
    assert len(cfg.val_evaluator.iou_thrs) == 10
    assert cfg.model.roi_head.bbox_head.num_classes == 20


def test_shapes_configs_differ_from_the_baseline_in_the_roi_head_only():
    ext = load('dh-ext-faster-rcnn_r18_fpn_1x_shapes')
    plain = load('double-head_r18_fpn_1x_shapes')
    baseline = load_config(
        FOLDER.parent / 'baselines' / 'faster-rcnn_r18_fpn_1x_shapes.py'
    )
    for cfg in (ext, plain):
        head = cfg.model.roi_head.bbox_head
        cfg.model.roi_head = baseline.model.roi_head
        assert cfg.to_dict() == baseline.to_dict()
        cfg.head = head
    assert plain.head.pop('lambda_fc') == plain.head.pop('lambda_conv') == 1
    assert plain.head.pop('fusion') == 'fc'
    assert ext.head.pop('lambda_conv') == 0.5
    assert plain.head == ext.head


def test_released_reads_and_encodes_like_maskrcnn_benchmark():
    released = load('dh-ext-faster-rcnn_r50_fpn_1x_coco_released').model
    assert (released.backbone.style, released.backbone.norm_cfg.eps) == ('caffe', 1e-12)
    images = released.data_preprocessor
    assert not images.bgr_to_rgb
    assert images.mean == [102.9801, 115.9465, 122.7717]
    assert images.std == [1, 1, 1]
    assert released.rpn_head.anchor_generator.type == 'DetectronAnchorGenerator'
    head = released.roi_head
    assert head.bbox_roi_extractor.type == 'LegacyRoIExtractor'
    layer = head.bbox_roi_extractor.roi_layer
    assert (layer.aligned, layer.sampling_ratio) == (False, 2)
    # Weights of (10, 10, 5, 5) in the box head, of 1 in the RPN.
    assert head.bbox_head.bbox_coder.target_stds == [0.1, 0.1, 0.2, 0.2]
    assert released.rpn_head.bbox_coder.target_stds == [1, 1, 1, 1]
    kinds = {released.rpn_head.bbox_coder.type, head.bbox_head.bbox_coder.type}
    assert kinds == {'PixelDeltaXYWHBBoxCoder'}
    assert head.bbox_head.non_local_groups == 4


PRETRAINED = [
    n for n in CONFIGS if not n.endswith(('_shapes', '_released')) and 'legacy' not in n
]


@pytest.mark.parametrize('name', PRETRAINED)
def test_backbones_are_downloaded_by_plain_url(name):
    checkpoint = load(name).model.backbone.init_cfg.checkpoint
    assert checkpoint.startswith('https://download.pytorch.org/models/resnet')
