import pytest
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.registry import MODELS
from samples import dcr
from samples.deploy import build

from mmdet_plus.deploy.forms import make_form
from mmdet_plus.errors import UserError


class OtherRoIHead(StandardRoIHead):
    """Predicts in a way of its own."""

    def predict_bbox(self, *args, **kwargs):
        return super().predict_bbox(*args, **kwargs)


class RenamedRoIHead(StandardRoIHead):
    """Trains in a way of its own."""

    def loss(self, *args, **kwargs):
        return super().loss(*args, **kwargs)


def with_roi_head(kind):
    cfg = dcr.detector_config()
    cfg.roi_head.type = kind
    return build(cfg)


def test_classes_that_predict_in_their_own_way_are_refused_by_their_key():
    with pytest.raises(UserError, match=r'^model.roi_head cannot.*predict_bbox'):
        make_form(with_roi_head(OtherRoIHead), 'model')


def test_classes_that_only_train_in_their_own_way_are_served():
    make_form(with_roi_head(RenamedRoIHead), 'model')


def test_unknown_components_are_refused_by_their_key():
    model = build(dcr.detector_config())
    model.roi_head.bbox_roi_extractor = MODELS.build(
        dict(
            type='GenericRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
            out_channels=16,
            featmap_strides=[4, 8],
        )
    )
    with pytest.raises(UserError, match=r'^model.roi_head.bbox_roi_extractor cannot'):
        make_form(model, 'model')


def test_unknown_suppression_is_refused_by_its_key():
    cfg = dcr.detector_config()
    cfg.test_cfg.rcnn.nms = dict(type='nms_quadri', iou_threshold=0.5)
    with pytest.raises(UserError, match=r'^model.roi_head.test_cfg.nms.type cannot'):
        make_form(build(cfg), 'model')


def test_unknown_pooling_is_refused_by_its_key():
    cfg = dcr.detector_config()
    cfg.roi_head.bbox_roi_extractor.roi_layer.pool_mode = 'max'
    with pytest.raises(UserError, match=r'roi_layer cannot be exported: RoIAlign'):
        make_form(build(cfg), 'model')
