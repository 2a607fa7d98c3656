"""What this package expects of MMDetection, MMEngine and mmcv without their promise.

A new version of a host that breaks one of these breaks this file first, by name.
"""

import importlib
import inspect
import pkgutil

import pytest
import torch
from mmcv.ops import RoIAlign
from mmdet.apis import DetInferencer
from mmdet.models.data_preprocessors import DetDataPreprocessor
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.models.roi_heads.roi_extractors.base_roi_extractor import BaseRoIExtractor
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.runner import checkpoint as loaders
from mmengine.structures import InstanceData

import mmdet_plus

HOSTS = ('mmcv', 'mmdet', 'mmengine')
# Other arguments than the host's: called by classes of ours only.
OWN_CALLERS = (
    'CPMRoIHead.forward',
    'D2DetMaskHead.forward',
    'D2DetMaskHead._predict_by_feat_single',
    'D2DetMaskHead.get_targets',
    'D2DetMaskHead.predict_by_feat',
    'DenseLocalBBoxCoder.decode',
    'DoubleHeadExtBBoxHead.forward',
    'DoubleHeadExtBBoxHead.loss',
    'ObjectDetectionHead.loss_by_feat',
    'ObjectDetectionHead.predict_by_feat',
)
BBOX_HEAD = dict(
    type='Shared2FCBBoxHead',
    in_channels=4,
    fc_out_channels=8,
    roi_feat_size=7,
    num_classes=3,
    reg_class_agnostic=True,
)
EXTRACTOR = dict(
    type='SingleRoIExtractor',
    roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
    out_channels=4,
    featmap_strides=[4, 8],
)
ROIS = torch.tensor([[0.0, 0, 0, 9, 9], [0, 2, 2, 300, 300]])
FEATS = (torch.rand(1, 4, 80, 80), torch.rand(1, 4, 40, 40))


def own_classes():
    for info in pkgutil.walk_packages(mmdet_plus.__path__, 'mmdet_plus.'):
        # What needs an extra or another package is imported by its own tests.
        if any(part in info.name for part in ('.mim', '.deploy', '._C', 'mmpretrain')):
            continue
        for cls in vars(importlib.import_module(info.name)).values():
            if inspect.isclass(cls) and cls.__module__ == info.name:
                yield cls


def overrides():
    """Methods of ours that a host's class has too, with the host's."""
    for cls in own_classes():
        for name, method in vars(cls).items():
            hosts = [b for b in cls.__mro__[1:] if b.__module__.split('.')[0] in HOSTS]
            theirs = next((vars(b)[name] for b in hosts if name in vars(b)), None)
            if inspect.isfunction(method) and inspect.isfunction(theirs):
                case = f'{cls.__name__}.{name}'
                if name != '__init__' and case not in OWN_CALLERS:
                    yield pytest.param(method, theirs, id=case)


def calls_of(theirs):
    """Calls that the host's signature allows: all by position, all by name."""
    parameters = [
        p
        for p in inspect.signature(theirs).parameters.values()
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    needed = [p for p in parameters if p.default is p.empty]
    for given in (parameters, needed):
        positional = [p for p in given if p.kind is not p.KEYWORD_ONLY]
        named = {p.name: None for p in given if p not in positional}
        yield [None] * len(positional), named
        yield [None], {p.name: None for p in given[1:]}


@pytest.mark.parametrize(('ours', 'theirs'), overrides())
def test_overrides_take_what_the_host_gives(ours, theirs):
    for args, kwargs in calls_of(theirs):
        inspect.signature(ours).bind(*args, **kwargs)


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmdet')


def roi_head(**bbox_head):
    config = dict(
        type='StandardRoIHead',
        bbox_roi_extractor=EXTRACTOR,
        bbox_head=dict(BBOX_HEAD, **bbox_head),
    )
    return MODELS.build(ConfigDict(config)).eval()


def test_box_heads_without_test_cfg_give_all_boxes_and_scores():
    proposals = [InstanceData(bboxes=ROIS[:, 1:])]
    metas = [dict(img_shape=(320, 320), scale_factor=(1.0, 1.0))]
    found = roi_head().predict_bbox(FEATS, metas, proposals, None)[0]
    assert found.bboxes.shape == (2, 4)
    assert found.scores.shape == (2, 4)
    torch.testing.assert_close(found.scores.sum(dim=1), torch.ones(2))


def test_box_heads_without_regression_keep_the_proposals():
    test_cfg = ConfigDict(score_thr=0.0, nms=dict(type='nms', iou_threshold=1.0))
    test_cfg.max_per_img = 10
    metas = [dict(img_shape=(320, 320), scale_factor=(1.0, 1.0))]
    proposals = [InstanceData(bboxes=ROIS[:1, 1:])]
    head = roi_head(with_reg=False)
    found = head.predict_bbox(FEATS, metas, proposals, test_cfg)[0]
    assert found.bboxes.equal(ROIS[:1, 1:].expand(3, 4))


def test_bbox_forward_gives_scores_boxes_and_features():
    outputs = roi_head()._bbox_forward(FEATS, ROIS)
    assert outputs.keys() == {'cls_score', 'bbox_pred', 'bbox_feats'}
    assert outputs['bbox_feats'].shape == (2, 4, 7, 7)


def test_roi_extractors_choose_levels_by_scale_and_take_layers_by_class():
    extractor = MODELS.build(EXTRACTOR)
    assert extractor.map_roi_levels(ROIS, 2).tolist() == [0, 1]
    layers = extractor.build_roi_layers(dict(type=RoIAlign, output_size=3), [4, 8])
    assert [layer.spatial_scale for layer in layers] == [1 / 4, 1 / 8]
    rescaled = extractor.roi_rescale(ROIS[:1], 2.0)
    torch.testing.assert_close(rescaled[0, 1:], torch.tensor([-4.5, -4.5, 13.5, 13.5]))


@pytest.mark.parametrize(
    ('config', 'base'),
    [
        (EXTRACTOR, BaseRoIExtractor),
        (dict(EXTRACTOR, type='GenericRoIExtractor'), BaseRoIExtractor),
        (dict(type='RPNHead', in_channels=4), BaseDenseHead),
        (dict(type='RetinaHead', in_channels=4, num_classes=2), BaseDenseHead),
        (dict(type='FCOSHead', in_channels=4, num_classes=2), BaseDenseHead),
    ],
)
def test_what_the_cpu_wrapper_widens_has_its_base(config, base):
    assert isinstance(MODELS.build(config), base)


@pytest.mark.parametrize('name', ['load_from_http', '_safe_torch_load'])
def test_loaders_that_safe_loading_replaces(name):
    assert callable(getattr(loaders, name))


def test_checkpoint_schemes_can_be_registered():
    assert {'', 'http://', 'https://'} <= loaders.CheckpointLoader._schemes.keys()


def test_packages_of_config_scopes():
    assert MODULE2PACKAGE['mmdet'] == 'mmdet'


@pytest.mark.parametrize('name', ['load_or_resume', 'load_checkpoint', 'resume'])
def test_methods_of_the_runner(name):
    assert callable(getattr(Runner, name))


@pytest.mark.parametrize(
    'name', ['_load_model_from_metafile', '_load_weights_to_model']
)
def test_methods_of_the_inferencer(name):
    assert callable(getattr(DetInferencer, name))


def test_preprocessors_say_what_they_do_to_images():
    plain = DetDataPreprocessor()
    assert (plain._channel_conversion, plain._enable_normalize) == (False, False)
    usual = DetDataPreprocessor(mean=[1, 2, 3], std=[4, 5, 6], bgr_to_rgb=True)
    assert (usual._channel_conversion, usual._enable_normalize) == (True, True)
    assert usual.mean.flatten().tolist() == [1, 2, 3]
    assert usual.std.flatten().tolist() == [4, 5, 6]
