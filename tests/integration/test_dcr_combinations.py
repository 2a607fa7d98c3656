"""DCR on detectors of MMDetection and of ours: what works, and what says why not."""

from pathlib import Path

import mmdet
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from samples.configs import load_config, make_batch

import mmdet_plus  # noqa: F401

ROOT = Path(__file__).parents[2]
HOST = Path(mmdet.__file__).parent / '.mim' / 'configs'
RETINA = HOST / 'retinanet' / 'retinanet_r50_fpn_1x_coco.py'
FCOS = HOST / 'fcos' / 'fcos_r50-caffe_fpn_gn-head_1x_coco.py'
SPARSE = HOST / 'sparse_rcnn' / 'sparse-rcnn_r50_fpn_1x_coco.py'
CASCADE = HOST / 'cascade_rcnn' / 'cascade-rcnn_r50_fpn_1x_coco.py'
FASTER = HOST / 'faster_rcnn' / 'faster-rcnn_r50_fpn_1x_coco.py'
C4 = HOST / 'faster_rcnn' / 'faster-rcnn_r50-caffe_c4-1x_coco.py'
HTC = HOST / 'htc' / 'htc-without-semantic_r50_fpn_1x_coco.py'
SWIN = HOST / 'swin' / 'mask-rcnn_swin-t-p4-w7_fpn_1x_coco.py'
DOUBLE = ROOT / 'configs' / 'double_head' / 'dh-ext-faster-rcnn_r50_fpn_1x_coco.py'
D2DET_MASK = ROOT / 'configs' / 'd2det' / 'd2det-mask_r50_fpn_2x_coco.py'
CHANNELS = [64, 128, 256, 512]
POST = dict(refine_at='post_nms')


@pytest.fixture(autouse=True)
def _without_compilation():
    with torch.backends.mkldnn.flags(enabled=False):
        yield


def model_of(path: Path) -> ConfigDict:
    """The model of a config with a ResNet-18, and no weights to download."""
    model = load_config(path).model
    model.backbone.init_cfg = None
    if model.backbone.type == 'ResNet' and 'neck' in model:
        model.backbone.depth = 18
        model.neck.in_channels = CHANNELS
    cfg = model.test_cfg.get('rcnn', model.test_cfg)
    cfg.update(max_per_img=10)
    if 'score_thr' in cfg:
        cfg.score_thr = 0.0  # untrained scores are low
    train_cfg = model.get('train_cfg') or {}
    for proposals in (model.test_cfg.get('rpn'), train_cfg.get('rpn_proposal')):
        if proposals:
            proposals.max_per_img = 20
    return model


def crop_refiner(**changes) -> dict:
    backbone = dict(type='ResNet', depth=18, base_channels=8, norm_eval=True)
    return dict(
        type='CropRefiner', backbone=backbone, in_channels=64, crop_size=32, **changes
    )


def region_refiner(**tail) -> dict:
    tail = dict(dict(type='ResNetTail', depth=18), **tail)
    return dict(type='RegionRefiner', tail=tail, crop_size=32)


def frozen(path: Path, **changes) -> ConfigDict:
    """V1 on the detector of a config."""
    model = model_of(path)
    detector = model.pop('type')
    return ConfigDict(
        {
            **model,
            'type': 'FrozenBaseDCR',
            'detector': detector,
            'refiner': crop_refiner(),
            **changes,
        }
    )


def shared(path: Path, **changes) -> ConfigDict:
    """V2 on the detector of a config."""
    own = dict(type='SharedBaseDCR', refiner=region_refiner())
    return ConfigDict({**model_of(path), **own, **changes})


def steps(model: ConfigDict) -> list:
    """Results after one step of training."""
    torch.manual_seed(0)
    built = MODELS.build(model).train()
    built.init_weights()
    batch = built.data_preprocessor(make_batch(80), training=True)
    total, log = built.parse_losses(built(**batch, mode='loss'))
    assert total.isfinite()
    assert log['loss_dcr_cls'] > 0
    total.backward()
    built.eval()
    with torch.no_grad():
        return built(**batch, mode='predict')


@pytest.mark.parametrize(
    ('version', 'path', 'changes'),
    [
        (frozen, RETINA, POST),
        (frozen, FCOS, POST),
        (frozen, SPARSE, POST),
        (frozen, CASCADE, {}),
        (frozen, DOUBLE, {}),
        (shared, CASCADE, {}),
        (shared, DOUBLE, {}),
        (shared, SPARSE, POST),
    ],
)
def test_combination_steps(version, path, changes):
    for sample in steps(version(path, **changes)):
        found = sample.pred_instances
        assert 0 < len(found) <= 10
        assert found.bboxes.isfinite().all()
        assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)


NO_BACKGROUND = "no score for the background: set refine_at='post_nms'"
NO_BOXES = 'HybridTaskCascadeRoIHead does not predict .* use FrozenBaseDCR'
SAMPLED = dict(candidate_pool='sampled')
DEEP = dict(refiner=region_refiner(depth=50))


@pytest.mark.parametrize(
    ('version', 'path', 'changes', 'message'),
    [
        (frozen, RETINA, {}, "RetinaNet has no RoI head: set refine_at='post_nms'"),
        (frozen, SPARSE, {}, NO_BACKGROUND),
        (shared, SPARSE, {}, NO_BACKGROUND),
        (shared, HTC, {}, NO_BOXES),
        (shared, HTC, POST, NO_BOXES),
        (shared, RETINA, POST, 'there is no roi_head: use FrozenBaseDCR'),
        (shared, FCOS, {}, 'there is no roi_head: use FrozenBaseDCR'),
        (shared, SWIN, POST, 'RegionRefiner continues a ResNet, not a Swin'),
        (shared, C4, DEEP, r'out_indices must begin with \(0,\), got \(2,\)'),
        (shared, CASCADE, SAMPLED, 'with one sampler, which CascadeRoIHead has not'),
        (shared, FASTER, DEEP, 'stage 1 of 256 channels .* backbone has 64 and'),
        (
            frozen,
            FASTER,
            dict(refiner=region_refiner()),
            'use SharedBaseDCR, or a CropRefiner',
        ),
    ],
)
def test_impossible_combination_is_one_message(version, path, changes, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(version(path, **changes))


def test_maps_that_the_rpn_does_not_read_are_one_message():
    model = shared(C4, **DEEP)
    model.backbone.out_indices = (0, 1, 2)
    with pytest.raises(ValueError, match=r'gets all 3 maps .* has anchors for 1: add'):
        MODELS.build(model)


def test_a_refined_head_has_no_boxes_before_suppression():
    own = dict(type='FrozenBaseDCR', detector=shared(FASTER), refiner=crop_refiner())
    with pytest.raises(ValueError, match='DCRRoIHead does not predict from'):
        MODELS.build(own)


def test_mask_scores_follow_the_scores():
    torch.manual_seed(0)
    model = MODELS.build(frozen(D2DET_MASK, **POST)).eval()
    torch.nn.init.normal_(model.refiner.fc_cls.weight)
    data = model.data_preprocessor(make_batch(80))
    with torch.no_grad():
        base = model.detector(**data, mode='predict')[0].pred_instances.clone()
        (found, _) = model(**data, mode='predict')
    found = found.pred_instances
    before, after = (
        [
            (*box, label)
            for box, label in zip(own.bboxes.tolist(), own.labels, strict=True)
        ]
        for own in (base, found)
    )
    rows = [before.index(own) for own in after]
    assert len({*rows}) > 5
    ratio = found.scores / base.scores[rows]
    assert ratio.std() > 0
    torch.testing.assert_close(found.mask_scores, base.mask_scores[rows] * ratio)
