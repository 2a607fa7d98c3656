import pytest
from mmengine.config import Config
from samples import dcr
from samples.deploy import build

from mmdet_plus.deploy.description import ExportOptions, describe_model
from mmdet_plus.errors import UserError


def described(resize, options=None, steps=()):
    pipeline = [dict(type='LoadImageFromFile'), dict(type='Resize', **resize), *steps]
    dataset = dict(type='CocoDataset', pipeline=pipeline)
    wrapped = dict(type='RepeatDataset', dataset=dataset)
    cfg = Config(dict(test_dataloader=dict(dataset=wrapped)))
    model = build(dcr.detector_config())
    return describe_model(cfg, model, 'tiny', options or ExportOptions())


@pytest.mark.parametrize(
    ('resize', 'shape'),
    [
        (dict(scale=(640, 320), keep_ratio=True), [320, 640]),
        (dict(scale=(320, 640), keep_ratio=True), [320, 640]),
        (dict(scale=(640, 320)), [320, 640]),  # width and height
        (dict(scale=(320, 640)), [640, 320]),
        (dict(scale=512), [512, 512]),
    ],
)
def test_images_get_the_size_of_the_test_pipeline(resize, shape):
    info = described(resize)
    assert info.shape == shape
    assert info.keep_ratio == resize.get('keep_ratio', False)
    assert described(resize, ExportOptions((100, 70))).shape == [100, 70]


def test_facts_are_those_of_the_detector():
    info = described(dict(scale=(64, 64)), ExportOptions(precision='fp16'))
    cfg = dcr.detector_config().test_cfg.rcnn
    assert info.method == 'FasterRCNN/StandardRoIHead'
    assert (info.score_thr, info.max_detections) == (cfg.score_thr, cfg.max_per_img)
    assert info.nms == cfg.nms
    assert (info.precision, info.dynamic) == ('fp16', False)
    assert len(info.class_names) == len(info.palette) == 80


def test_other_steps_of_a_pipeline_are_refused_by_their_key():
    step = dict(type='Pad', size_divisor=32)
    with pytest.raises(UserError, match=r'pipeline\[2\] cannot be .* no Pad'):
        described(dict(scale=(64, 64)), steps=[step])


def test_a_dynamic_graph_is_for_images_of_several_sizes():
    options = ExportOptions(dynamic=True)
    assert described(dict(scale=(64, 48), keep_ratio=True), options).dynamic
    with pytest.raises(UserError, match=r'--dynamic: .* all images one size'):
        described(dict(scale=(64, 64)), options)
