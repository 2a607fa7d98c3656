"""The numbers of DCR; what derived configs change is in changes/dcr.yml."""

from pathlib import Path

import mmdet
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config, ConfigDict
from mmengine.registry import PARAM_SCHEDULERS
from samples.configs import load_config
from samples.narrowing import narrow

import mmdet_plus  # noqa: F401
from mmdet_plus.models.roi_heads.refiners.box_refiner import RefinerInputs

HOST = Path(mmdet.__file__).parent / '.mim' / 'configs'
FOLDER = Path(__file__).parents[2] / 'configs' / 'dcr'
CONFIGS = sorted(path.stem for path in FOLDER.glob('*.py'))
V1 = 'faster-rcnn-dcrv1-r50_r101_7e_voc0712'
V2 = 'faster-rcnn-dcrv2_r101_7e_voc0712'


def load(name: str) -> Config:
    return load_config(FOLDER / f'{name}.py')


def test_numbers_of_the_paper():
    v1, v2 = MODELS.build(narrow(load(V1).model)), load(V2)
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
    assert load(V1).train_cfg.max_epochs == 7
    lr_mult = dict(lr_mult=10)
    assert load(V1).optim_wrapper.paramwise_cfg.custom_keys == {
        'refiner.fc_cls': lr_mult
    }
    assert v2.model.test_cfg.rpn.max_per_img == 300


def test_numbers_of_the_fpn():
    cfg = load('faster-rcnn-dcrv2_r101_fpn_8e_coco')
    optimizer = dict(type='SGD', lr=0.008, momentum=0.9, weight_decay=0.0005)
    assert cfg.optim_wrapper.optimizer == optimizer
    assert cfg.train_cfg.max_epochs == 8
    assert cfg.model.train_cfg.rcnn.sampler.type == 'OHEMSampler'
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        (resize,) = [s for s in loader.dataset.pipeline if s.type == 'Resize']
        assert resize.scale == (1280, 800)


def test_numbers_of_the_released_fpn():
    cfg = load('faster-rcnn-dcrv2_r101_fpn_7e_coco_released')
    optimizer = dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0001)
    assert cfg.optim_wrapper.optimizer == optimizer
    assert cfg.train_cfg.max_epochs == 7
    assert cfg.param_scheduler[1].milestones == [4, 6]


@pytest.mark.parametrize('name', [name for name in CONFIGS if '-dcrv' in name])
def test_products_of_scores_are_not_cut(name):
    model = load(name).model
    if model.get('refine_at', 'pre_nms') == 'pre_nms':
        assert model.test_cfg.rcnn.score_thr == 0.001


@pytest.mark.parametrize('name', [name for name in CONFIGS if '-dcrv1' in name])
def test_crops_are_normalised_as_their_backbones_were_trained(name):
    preprocessor = MODELS.build(load(name).model.data_preprocessor)
    refiner = MODELS.build(narrow(dict(load(name).model.refiner, num_classes=1)))
    refiner.read_images_of(preprocessor)
    pixels = torch.randint(0, 256, (3, 32, 32), dtype=torch.uint8)
    seen = preprocessor(dict(inputs=[pixels]))['inputs']
    imagenet = MODELS.build(
        dict(
            type='DetDataPreprocessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            bgr_to_rgb=True,
        )
    )
    wanted = imagenet(dict(inputs=[pixels]))['inputs']
    found = refiner.image_feats(RefinerInputs(seen))[..., :32, :32]
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def test_fcos_is_that_of_mmdetection():
    stock = load_config(HOST / 'fcos' / 'fcos_r50-caffe_fpn_gn-head_1x_coco.py').model
    model = load('fcos-dcrv1-r50_r50_fpn_8e_coco').model
    assert model.data_preprocessor == stock.data_preprocessor
    assert model.test_cfg == stock.test_cfg
    stock.backbone.init_cfg = None
    detector, stock = MODELS.build(model).detector, MODELS.build(stock)
    stock.data_preprocessor = detector.data_preprocessor
    assert repr(detector) == repr(stock)
    for name in ('strides', 'regress_ranges', 'center_sampling', 'norm_on_bbox'):
        assert getattr(detector.bbox_head, name) == getattr(stock.bbox_head, name)


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
    ('name', 'drop'), [(V2, 4.83), (V1, 4.83), ('faster-rcnn_r101_8e_coco', 5.33)]
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


def test_backbones_are_downloaded_by_plain_url():
    for name in CONFIGS:
        if any(part in name for part in ('shapes', 'refinedet', 'released', 'fcos')):
            continue
        model = load(name).model
        parts = [model.backbone]
        refiner = model.get('refiner')
        if refiner is not None:
            parts.append(refiner.get('tail', refiner.get('backbone')))
        for part in parts:
            url = f'https://download.pytorch.org/models/resnet{part.depth}-'
            assert part.init_cfg.checkpoint.startswith(url), name


@pytest.mark.parametrize('name', [V1, V2, 'faster-rcnn-dcrv2_r101_7e_voc07pp12'])
def test_objects_of_every_size_train(name):
    dataset = load(name).train_dataloader.dataset
    parts = dataset.get('dataset', dataset).datasets
    assert len(parts) >= 2
    for part in parts:
        assert part.filter_cfg == dict(filter_empty_gt=True, min_size=32)


@pytest.mark.parametrize('size', [('', (1333, 800)), ('_fpn', (1280, 800))])
def test_submissions_to_coco_train_on_all_annotated_images(size):
    suffix, scale = size
    cfg = load(f'faster-rcnn-dcrv2_r101{suffix}_8e_coco-testdev')
    parts = cfg.train_dataloader.dataset.datasets
    assert [part.ann_file for part in parts] == [
        'annotations/instances_train2017.json',
        'annotations/instances_val2017.json',
    ]
    for pipeline in (parts[0].pipeline, cfg.test_dataloader.dataset.pipeline):
        (resize,) = [step for step in pipeline if step.type == 'Resize']
        assert tuple(resize.scale) == scale
    assert cfg.test_evaluator.format_only
    assert cfg.test_dataloader.dataset.data_prefix.img == 'test2017/'
    assert cfg.val_cfg is cfg.val_dataloader is cfg.val_evaluator is None
