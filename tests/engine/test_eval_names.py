import pytest
from mmdet.evaluation import CocoMetric
from mmdet.registry import METRICS
from mmengine.config import Config

from mmdet_plus.engine.error_reporting import UserError
from mmdet_plus.engine.eval_names import (
    predicts_masks,
    set_eval_names,
    set_format_only,
    valid_names,
)

BOX_MODEL = dict(
    type='FasterRCNN', roi_head=dict(type='StandardRoIHead', mask_head=None)
)
MASK_MODEL = dict(type='MaskRCNN', roi_head=dict(mask_head=dict(type='FCNMaskHead')))


class OwnCocoMetric(CocoMetric):
    pass


def config(evaluator, model=BOX_MODEL):
    return Config(dict(model=model, test_evaluator=evaluator, work_dir='w'))


@pytest.mark.parametrize('kind', ['CocoMetric', 'LVISMetric', OwnCocoMetric])
@pytest.mark.parametrize('names', [['bbox'], ['proposal', 'bbox'], ['proposal_fast']])
def test_coco_names(kind, names):
    cfg = config(dict(type=kind, metric='bbox'))
    set_eval_names(cfg, names)
    assert cfg.test_evaluator.metric == names


@pytest.mark.parametrize('name', ['mAP', 'recall'])
def test_voc_names(name):
    cfg = config(dict(type='VOCMetric', metric='mAP'))
    set_eval_names(cfg, [name])
    assert cfg.test_evaluator.metric == name


def test_voc_measures_one_at_a_time():
    with pytest.raises(UserError, match='one at a time'):
        set_eval_names(config(dict(type='VOCMetric')), ['mAP', 'recall'])


@pytest.mark.parametrize(
    ('kind', 'name', 'listed'),
    [
        ('CocoMetric', 'mAP', 'bbox, segm, proposal, proposal_fast'),
        ('VOCMetric', 'bbox', 'mAP, recall'),
        ('CityScapesMetric', 'bbox', 'does not support --eval'),
        ('NoSuchMetric', 'bbox', 'does not support --eval'),
    ],
)
def test_wrong_name_lists_the_valid_ones(kind, name, listed):
    with pytest.raises(UserError, match=listed):
        set_eval_names(config(dict(type=kind)), [name])


def test_only_the_fitting_metric_of_a_list_is_set():
    cfg = config([dict(type='VOCMetric', metric='mAP'), dict(type='CocoMetric')])
    set_eval_names(cfg, ['bbox'])
    assert [metric.get('metric') for metric in cfg.test_evaluator] == ['mAP', ['bbox']]


def test_no_evaluator():
    with pytest.raises(UserError, match='no test_evaluator'):
        set_eval_names(config(None), ['bbox'])


def test_segm_needs_a_mask_head():
    metric = dict(type='CocoMetric', metric=['bbox', 'proposal'])
    cfg = config(metric)
    with pytest.raises(UserError, match='predicts no masks'):
        set_eval_names(cfg, ['bbox', 'segm'])
    assert cfg.test_evaluator.metric == ['bbox', 'proposal']
    cfg = config(metric, MASK_MODEL)
    set_eval_names(cfg, ['bbox', 'segm'])
    assert cfg.test_evaluator.metric == ['bbox', 'segm']


@pytest.mark.parametrize(
    ('model', 'expected'),
    [
        (BOX_MODEL, False),
        (dict(test_cfg=dict(rcnn=dict(mask_thr_binary=0.5))), False),
        (MASK_MODEL, True),
        (dict(roi_head=dict(mask_head=[dict(type='HTCMaskHead')])), True),
        (dict(panoptic_head=dict(type='X')), True),
        (dict(bbox_head=dict(type='RTMDetInsSepBNHead')), True),
    ],
)
def test_predicts_masks(model, expected):
    assert predicts_masks(model) is expected


def test_every_name_is_accepted_by_the_metric_itself():
    for kind in ('CocoMetric', 'VOCMetric'):
        for name in valid_names(dict(type=kind)):
            METRICS.build(dict(type=kind, metric=name))


def test_format_only_writes_below_the_work_dir():
    cfg = config(dict(type='CocoMetric'))
    set_format_only(cfg)
    assert cfg.test_evaluator.format_only is True
    assert cfg.test_evaluator.outfile_prefix == 'w/results'


def test_format_only_keeps_a_prefix_and_tells_metrics_apart():
    cfg = config([dict(type='CocoMetric', outfile_prefix='p'), dict(type='LVISMetric')])
    set_format_only(cfg)
    assert [m.outfile_prefix for m in cfg.test_evaluator] == ['p', 'w/results1']


def test_format_only_needs_a_metric_that_writes():
    with pytest.raises(UserError, match=r'VOCMetric\) writes no result files'):
        set_format_only(config(dict(type='VOCMetric')))
