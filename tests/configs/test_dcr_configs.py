"""Every DCR config builds; narrow copies of those that differ take a loss step."""

from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config, ConfigDict
from mmengine.registry import PARAM_SCHEDULERS
from samples.configs import load_config, make_batch

import mmdet_plus  # noqa: F401

FOLDER = Path(__file__).parents[2] / 'configs' / 'dcr'
CONFIGS = sorted(path.stem for path in FOLDER.glob('*.py'))
V1 = 'faster-rcnn-dcrv1-r50_r101_8e_voc0712'
V2 = 'faster-rcnn-dcrv2_r101_7e_voc0712'
# The others are one of these with other numbers.
STEPPED = [
    'cascade-rcnn-dcrv2_r50_fpn_1x_coco',
    'cpm-rcnn-dcrv2_r50_fpn_2x_coco',
    'd2det-dcrv2_r50_fpn_2x_coco',
    'dh-ext-faster-rcnn-dcrv2_r50_fpn_2x_coco',
    'faster-rcnn-dcrv1-r152_r101-dcn_fpn_8e_coco',
    'faster-rcnn-dcrv1-r18_r101_8e_voc0712',
    'faster-rcnn-dcrv1_r18_fpn_1x_shapes',
    'faster-rcnn-dcrv2-pool-2_r101_7e_voc0712',
    'faster-rcnn-dcrv2-reg_r50_8e_coco',
    'faster-rcnn-dcrv2-share-4_r101_7e_voc0712',
    'faster-rcnn-dcrv2_r101-dcn_fpn_7e_coco',
    'faster-rcnn-dcrv2_r101-dcn_8e_coco',
    'faster-rcnn-dcrv2_r18_fpn_1x_shapes',
    'refinedet320-dcrv1-r50_vgg16_30k_coco',
]


def load(name: str) -> Config:
    return load_config(FOLDER / f'{name}.py')


def narrow_detector(detector: ConfigDict) -> None:
    """The same structure, small enough to step in a fraction of a second on a CPU."""
    if 'arm_head' in detector:
        detector.backbone.init_cfg = None
        return
    detector.backbone.update(**thin(detector.backbone))
    detector.neck.in_channels = (
        64 if detector.neck.type == 'LastStageProjection' else [8, 16, 32, 64]
    )
    detector.neck.out_channels = 16
    rpn_channels = 32 if detector.neck.type == 'LastStageProjection' else 16
    detector.rpn_head.update(in_channels=rpn_channels, feat_channels=16)
    detector.train_cfg.rpn_proposal.max_per_img = 20
    detector.test_cfg.rpn.max_per_img = 20
    samplers = detector.train_cfg.rcnn
    for stage in samplers if isinstance(samplers, list) else [samplers]:
        stage.sampler.num = 16
    detector.test_cfg.rcnn.score_thr = 0.0  # untrained scores are low
    if detector.test_cfg.rcnn.max_per_img > 20:
        detector.test_cfg.rcnn.max_per_img = 20
    head = detector.roi_head
    narrow_roi_head(head)


def thin(backbone: ConfigDict) -> dict:
    """Stages of 8, 16, 32 and 64 channels; only bottlenecks can be deformable."""
    if 'dcn' in backbone:
        return dict(init_cfg=None, depth=50, base_channels=2)
    return dict(init_cfg=None, depth=18, base_channels=8)


def narrow_roi_head(head: ConfigDict) -> None:
    for key, part in head.items():
        if key.endswith('extractor'):
            part.out_channels = 16
            if part.type == 'DiscriminativeRoIExtractor':
                part.offset_channels = 16
    box_heads = head.bbox_head
    for part in box_heads if isinstance(box_heads, list) else [box_heads]:
        part.update(in_channels=16, fc_out_channels=16)
        if part.type == 'DoubleHeadExtBBoxHead':
            part.conv_out_channels = 16
    small_norm = dict(type='GN', num_groups=3)
    if 'reg_head' in head:
        head.reg_head.update(
            in_channels=16, num_convs=1, conv_channels=12, norm_cfg=small_norm
        )
    if 'grid_head' in head:
        head.grid_head.update(
            in_channels=16,
            num_convs=1,
            point_channels=4,
            norm_cfg=dict(type='GN', num_groups=9),
        )
        head.iou_head.update(in_channels=36, fc_out_channels=16)
        head.rsm_head.update(in_channels=16, fc_out_channels=16)


def narrow(cfg: Config) -> ConfigDict:
    model = cfg.model
    narrow_detector(model)
    refiner = model.get('refiner')
    if refiner is None:
        return model
    network = refiner.get('tail', refiner.get('backbone'))
    network.update(**thin(model.backbone))
    if refiner.type == 'CropRefiner':
        refiner.in_channels = 64
    refiner.crop_size = 64
    return model


@pytest.mark.parametrize('name', sorted({*CONFIGS} - {*STEPPED}))
def test_config_builds(name):
    model = MODELS.build(narrow(load(name)))
    plain = '-dcrv' not in name
    expected = {True: 'FasterRCNN', False: 'DCR'}[plain]
    assert expected in type(model).__name__


@pytest.mark.parametrize('name', STEPPED)
def test_config_steps(name):
    torch.manual_seed(0)
    model = MODELS.build(narrow(load(name)))
    model.train()
    num_classes = model.refiner.num_classes
    data = model.data_preprocessor(make_batch(num_classes), training=True)
    total, log = model.parse_losses(model(**data, mode='loss'))
    assert total.isfinite()
    assert log['loss_dcr_cls'] > 0
    total.backward()
    missing = [
        n for n, p in model.named_parameters() if p.requires_grad and p.grad is None
    ]
    assert missing == []
    model.eval()
    with torch.no_grad():
        results = model(**data, mode='predict')
    assert len(results) == 2
    for result in results:
        found = result.pred_instances
        assert found.bboxes.isfinite().all()
        assert ((found.labels >= 0) & (found.labels < num_classes)).all()


def test_numbers_of_the_paper():
    v1, v2 = MODELS.build(narrow(load(V1))), load(V2)
    sampler = v1.refiner.sampler
    assert (sampler.num, sampler.mode, sampler.score_thr) == (32, 'fp_fg_bg', 0.3)
    assert load(V1).model.refiner.get('crop_size', 224) == 224
    optimizer = dict(type='SGD', lr=0.008, momentum=0.9, weight_decay=0.0005)
    assert v2.optim_wrapper.optimizer == optimizer
    assert v2.auto_scale_lr.base_batch_size == 16
    assert v2.train_cfg.max_epochs == 7
    assert v2.train_dataloader.dataset.times == 1
    optimizer = dict(type='SGD', lr=0.0016, momentum=0.9, weight_decay=0.0001)
    assert load(V1).optim_wrapper.optimizer == optimizer
    lr_mult = dict(lr_mult=10)
    assert load(V1).optim_wrapper.paramwise_cfg.custom_keys == {
        'refiner.fc_cls': lr_mult
    }
    assert v2.model.test_cfg.rpn.max_per_img == 300


def test_numbers_of_the_fpn():
    cfg = load('faster-rcnn-dcrv2_r101_fpn_7e_coco')
    optimizer = dict(type='SGD', lr=0.008, momentum=0.9, weight_decay=0.0005)
    assert cfg.optim_wrapper.optimizer == optimizer
    assert cfg.train_cfg.max_epochs == 7
    assert cfg.param_scheduler[1].milestones == [4, 6]
    assert cfg.model.train_cfg.rcnn.sampler.type == 'OHEMSampler'
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        (resize,) = [s for s in loader.dataset.pipeline if s.type == 'Resize']
        assert resize.scale == (1280, 800)


@pytest.mark.parametrize('name', [name for name in CONFIGS if '-dcrv' in name])
def test_products_of_scores_are_not_cut(name):
    model = load(name).model
    if model.get('refine_at', 'pre_nms') == 'pre_nms':
        assert model.test_cfg.rcnn.score_thr == 0.001


def test_crops_are_normalised_as_their_backbones_were_trained():
    imagenet = [58.395, 57.12, 57.375]
    for name in CONFIGS:
        model = load(name).model
        if '-dcrv1' in name and 'shapes' not in name:
            std = model.data_preprocessor.std
            divided = list(model.refiner.get('input_std', [1, 1, 1]))
            both = [a * b for a, b in zip(std, divided, strict=True)]
            assert both == imagenet, name
            assert model.data_preprocessor.mean == [123.675, 116.28, 103.53], name


def test_two_fc_baseline_is_wired_as_in_the_paper():
    cfg = load('faster-rcnn_r101_7e_voc0712').model
    cfg.backbone.init_cfg = None
    cfg.backbone.depth = 50
    model = MODELS.build(cfg)
    levels = model.extract_feat(torch.zeros(1, 3, 64, 96))
    assert [tuple(level.shape) for level in levels] == [
        (1, 256, 2, 3),  # Stage4, stride 32, for RoIs
        (1, 1024, 4, 6),  # Stage3, stride 16, for the RPN
    ]
    assert model.roi_head.bbox_roi_extractor.featmap_strides == [32]
    assert model.rpn_head(levels)[0][0].shape == (1, 9, 4, 6)


def test_regions_have_the_size_that_crops_would_have():
    sizes = {}
    for name in CONFIGS:
        if name.startswith(('faster-rcnn-dcrv2-share', 'faster-rcnn-dcrv2-pool')):
            cfg = ConfigDict(load(name).model.refiner, num_classes=20)
            cfg.tail.update(depth=50, init_cfg=None)
            extractor = MODELS.build(cfg).roi_extractor
            key = name.removeprefix('faster-rcnn-dcrv2-').split('_')[0]
            layer = extractor.roi_layers[0]
            stride = round(1 / layer.spatial_scale)
            sizes[key] = (layer.output_size[0], stride, extractor.out_channels)
    assert sizes == {
        'pool-1': (28, 8, 512),
        'pool-2': (14, 16, 1024),
        'pool-3': (7, 32, 2048),
        'share-2': (28, 8, 512),
        'share-3': (14, 16, 1024),
        'share-4': (7, 32, 2048),
    }


@pytest.mark.parametrize(
    ('name', 'drop'), [(V2, 4.83), (V1, 5.33), ('faster-rcnn_r101_8e_coco', 5.33)]
)
def test_learning_rate_drops_within_an_epoch(name, drop):
    scheduler = load(name).param_scheduler[1]
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    assert scheduler.pop('convert_to_iter_based')
    kind = PARAM_SCHEDULERS.get(scheduler.pop('type'))
    built = kind.build_iter_from_epoch(optimizer, **scheduler, epoch_length=100)
    rates = []
    for _ in range(800):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        built.step()
    first = next(i for i, rate in enumerate(rates) if rate < 1)
    assert first == int(drop * 100)
    assert rates[-1] == pytest.approx(0.1)


def test_ablations_change_one_thing():
    def refiner(name):
        return load(name).model.refiner.to_dict()

    base = refiner(V2)
    for suffix, change in (
        ('share-3', dict(num_shared_stages=3)),
        ('pool-2', dict(num_image_stages=2)),
        ('top-25', dict(top_p=0.25)),
        ('top-0', dict(top_p=0)),
    ):
        name = V2.replace('_r101', f'-{suffix}_r101')
        assert refiner(name) == {**base, **change}


def test_backbones_are_downloaded_by_plain_url():
    for name in CONFIGS:
        if any(part in name for part in ('shapes', 'refinedet', 'released')):
            continue
        model = load(name).model
        parts = [model.backbone]
        refiner = model.get('refiner')
        if refiner is not None:
            parts.append(refiner.get('tail', refiner.get('backbone')))
        for part in parts:
            url = f'https://download.pytorch.org/models/resnet{part.depth}-'
            assert part.init_cfg.checkpoint.startswith(url), name
