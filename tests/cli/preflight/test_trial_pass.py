import pytest
import torch
from mmdet.models.dense_heads import AnchorHead, RPNHead
from mmdet.models.detectors import TwoStageDetector
from mmdet.registry import MODELS
from mmengine.config import Config

from mmdet_plus.cli.preflight import trial_pass
from mmdet_plus.cli.preflight.trial_build import check_buildable
from mmdet_plus.cli.preflight.trial_pass import check_fits
from mmdet_plus.errors import UserError

NECK, ROI = 'model.neck', 'model.roi_head'


@pytest.fixture
def cfg(tiny_config):
    return Config.fromfile(tiny_config)


@pytest.fixture
def tried(monkeypatch):
    """Keys of the parts that were tried out, and whether they gave something."""
    tried = {}

    def outputs(stage, real=trial_pass._outputs):
        found = real(stage)
        tried[stage.key] = found is not None
        return found

    monkeypatch.setattr(trial_pass, '_outputs', outputs)
    return tried


def test_parts_that_fit_are_all_tried_out(cfg, tried):
    check_buildable(cfg, {})
    keys = ('backbone', 'neck', 'rpn_head', 'roi_head.bbox_head')
    assert tried == {f'model.{key}': True for key in keys}


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            {f'{NECK}.in_channels': [8, 16, 32, 65]},
            r'^model\.neck: FPN does not fit model\.backbone, which gives 8, 16, 32, '
            r'64 channels: a Conv2d with in_channels=65 is given 64$',
        ),
        ({'model.backbone.base_channels': 16}, 'model.neck: FPN .* 16, 32, 64, 128'),
        (
            {f'{NECK}.in_channels': [8, 16, 32]},
            r'model\.neck: FPN .* gives 8, 16, 32, 64 channels: another number of lev',
        ),
        (
            {f'{NECK}.out_channels': 32},
            r'model\.rpn_head: RPNHead does not fit model\.neck, which gives 32, 32,',
        ),
        (
            {f'{NECK}.num_outs': 4},
            r'^model\.rpn_head: RPNHead has strides of 5 levels, but model\.neck '
            'gives 4 feature maps$',
        ),
        (
            {f'{ROI}.bbox_head.in_channels': 17},
            r'model\.roi_head\.bbox_head: Shared2FCBBoxHead does not fit model\.neck',
        ),
        ({f'{ROI}.bbox_head.roi_feat_size': 5}, r'roi_head\.bbox_head: Shared2FC'),
    ],
)
def test_the_part_that_does_not_fit_is_named(cfg, options, message):
    cfg.merge_from_dict(options)
    with pytest.raises(UserError, match=message):
        check_buildable(cfg, {})


def test_stages_of_a_cascade_are_numbered(cfg, tried):
    roi_head = cfg.model.roi_head
    heads = [dict(roi_head.bbox_head), dict(roi_head.bbox_head, in_channels=17)]
    cfg.model.roi_head = dict(
        type='CascadeRoIHead',
        num_stages=2,
        stage_loss_weights=[1, 1],
        bbox_roi_extractor=roi_head.bbox_roi_extractor,
        bbox_head=heads,
    )
    cfg.model.train_cfg.rcnn = [cfg.model.train_cfg.rcnn] * 2
    with pytest.raises(UserError, match=r'^model\.roi_head\.bbox_head\.1: '):
        check_buildable(cfg, {})
    assert tried['model.roi_head.bbox_head.0']


class Odd(torch.nn.Module):
    """A neck that fails for a reason of its own."""

    def forward(self, inputs):
        raise RuntimeError('not on this device')


def test_other_failures_and_models_with_weights_say_nothing(cfg, tried):
    cfg.model.neck.in_channels = [8, 16, 32, 65]
    check_fits(MODELS.build(cfg.model))
    assert tried == {}
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    model.neck = Odd()
    check_fits(model)
    assert tried == {'model.backbone': True, 'model.neck': False}


def test_detectors_of_other_ways_are_not_judged(cfg, tried):
    class Own(TwoStageDetector):
        def extract_feat(self, batch_inputs):
            return self.neck(self.backbone(batch_inputs)[1:])

    settings = cfg.model
    settings.pop('type')
    settings.neck.in_channels = [16, 32, 64]
    with torch.device('meta'):
        model = Own(**settings)
    check_fits(model)
    assert tried == {}


class Flat(AnchorHead):
    """A head of one vector for the whole image, as YOLOv1's."""

    def __init__(self, *args, side, **kwargs):
        super().__init__(*args, **kwargs)
        self.vector = torch.nn.Linear(16 * side**2, 8)

    def forward(self, x):
        self.vector(x[-1].flatten(1))
        return super().forward(x)


class Taking(AnchorHead):
    """A head that gives its layers what it likes."""

    def loss(self, x, batch_data_samples):
        return super().loss([each[:, :3] for each in x], batch_data_samples)


class Proposing(RPNHead):
    """As a part that proposes regions."""

    def loss_and_predict(self, x, batch_data_samples, **kwargs):
        return super().loss_and_predict([x[0][:, :3]], batch_data_samples, **kwargs)


def replace_rpn_head(cfg, kind, **settings):
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
        head = {**cfg.model.rpn_head, **settings}
        head.pop('type')
        model.rpn_head = kind(**head)
    return model


@pytest.mark.parametrize(
    ('kind', 'settings', 'outcome'),
    [
        # Its size is that of another image.
        (Flat, dict(side=20, num_classes=1), False),
        (Taking, dict(in_channels=3, num_classes=1), None),
        (Proposing, dict(in_channels=3), None),
    ],
)
def test_dense_heads_of_other_ways_are_not_judged(cfg, tried, kind, settings, outcome):
    check_fits(replace_rpn_head(cfg, kind, **settings))
    assert tried.get('model.rpn_head') == outcome
    assert tried['model.roi_head.bbox_head']


def test_extractors_without_layers_are_not_judged(cfg, tried):
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    model.roi_head.bbox_roi_extractor.roi_layers = torch.nn.ModuleList()
    check_fits(model)
    assert 'model.roi_head.bbox_head' not in tried
    assert tried['model.rpn_head']
