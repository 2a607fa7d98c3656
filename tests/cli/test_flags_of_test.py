import copy
from argparse import Namespace

import pytest
from mmdet.evaluation import CocoMetric
from mmdet.registry import METRICS
from mmengine.config import Config

from mmdet_plus.cli.flags_of_test import (
    set_eval_names,
    set_format_only,
    set_test_options,
    valid_names,
)
from mmdet_plus.engine.prediction_shards import PredictionShards
from mmdet_plus.errors import UserError

FLAGS = dict.fromkeys(
    (
        'eval',
        'format_only',
        'out',
        'show',
        'show_dir',
        'tta',
        'fuse_conv_bn',
        'amp',
        'data',
        'classes',
        'val_fraction',
        'split_seed',
        'report',
        'shards',
    )
)
BOX_MODEL = dict(
    type='FasterRCNN', roi_head=dict(type='StandardRoIHead', mask_head=None)
)
MASK_MODEL = dict(type='MaskRCNN', roi_head=dict(mask_head=dict(type='FCNMaskHead')))


class OwnCocoMetric(CocoMetric):
    pass


def config(evaluator, model=BOX_MODEL):
    return Config(dict(model=model, test_evaluator=evaluator, work_dir='w'))


def arguments(**changes):
    defaults = dict(FLAGS, checkpoint='c.pth', wait_time=2.0)
    return Namespace(**{**defaults, **changes})


@pytest.fixture
def cfg():
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackDetInputs')]
    dataset = dict(type='CocoDataset', pipeline=pipeline)
    return Config(
        dict(
            model=dict(type='FasterRCNN'),
            work_dir='w',
            test_dataloader=dict(
                dataset=dict(type='ConcatDataset', datasets=[dataset])
            ),
            test_evaluator=dict(type='CocoMetric'),
            default_hooks=dict(visualization=dict(type='DetVisualizationHook')),
            custom_hooks=[dict(type='EMAHook'), dict(type='EpochSeedHook')],
        )
    )


def test_checkpoint(cfg):
    set_test_options(cfg, arguments())
    assert cfg.load_from == 'c.pth'
    assert cfg.model.type == 'FasterRCNN'


def test_names_and_files(cfg):
    set_test_options(cfg, arguments(eval=['bbox'], format_only=True, out='o.pkl'))
    first, second = cfg.test_evaluator
    assert first.metric == ['bbox']
    assert first.format_only is True
    assert second == dict(type='DumpDetResults', out_file_path='o.pkl')


def test_predictions_go_to_a_pickle(cfg):
    with pytest.raises(UserError, match=r'o\.json: the name must end with \.pkl'):
        set_test_options(cfg, arguments(out='o.json'))


def test_drawing(cfg):
    set_test_options(cfg, arguments(show=True, show_dir='d', wait_time=5.0))
    hook = cfg.default_hooks.visualization
    assert (hook.draw, hook.show, hook.wait_time) == (True, True, 5.0)
    assert hook.test_out_dir == 'd'
    del cfg.default_hooks['visualization']
    with pytest.raises(UserError, match=r'default_hooks\.visualization'):
        set_test_options(cfg, arguments(show=True))


def test_default_augmentation_ends_the_pipelines_inside_wrappers(cfg):
    set_test_options(cfg, arguments(tta=True))
    assert cfg.model.type == 'DetTTAModel'
    assert cfg.model.module.type == 'FasterRCNN'
    pipeline = cfg.test_dataloader.dataset.datasets[0].pipeline
    assert [step.type for step in pipeline] == ['LoadImageFromFile', 'TestTimeAug']
    flips, (pack,) = pipeline[-1].transforms
    assert sorted(flip.prob for flip in flips) == [0, 1]
    assert {'flip', 'flip_direction'} <= set(pack.meta_keys)


def test_own_augmentation_is_kept(cfg):
    cfg.tta_model = dict(type='Own')
    cfg.tta_pipeline = [dict(type='OwnStep')]
    set_test_options(cfg, arguments(tta=True))
    assert cfg.model.type == 'Own'
    pipeline = cfg.test_dataloader.dataset.datasets[0].pipeline
    assert [step.type for step in pipeline] == ['OwnStep']


@pytest.mark.parametrize('tta_model', [None, dict(type='DetTTAModel', tta_cfg={})])
def test_masks_are_not_augmented(cfg, tta_model):
    cfg.model.roi_head = dict(mask_head=dict(type='FCNMaskHead'))
    cfg.tta_model = tta_model
    with pytest.raises(UserError, match=r'--tta: DetTTAModel merges boxes only'):
        set_test_options(cfg, arguments(tta=True))
    cfg.tta_model = dict(type='Own')
    cfg.tta_pipeline = [dict(type='OwnStep')]
    set_test_options(cfg, arguments(tta=True))


def test_fusing_leaves_averaging_out(cfg):
    set_test_options(cfg, arguments(fuse_conv_bn=True))
    assert [h.type for h in cfg.custom_hooks] == ['EpochSeedHook', 'FuseConvBNHook']


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


def test_every_name_is_accepted_by_the_metric_itself():
    for kind in ('CocoMetric', 'VOCMetric'):
        for name in valid_names(dict(type=kind)):
            assert METRICS.build(dict(type=kind, metric=name)) is not None


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
    with pytest.raises(UserError, match=r'UAVDTMetric\) writes no result files'):
        set_format_only(config(dict(type='UAVDTMetric')))


def test_format_only_writes_text_files_for_voc():
    cfg = config(dict(type='VOCMetric', metric='mAP'))
    set_format_only(cfg)
    assert cfg.test_evaluator == dict(
        type='VOCSubmissionMetric',
        metric='mAP',
        format_only=True,
        outfile_prefix='w/results',
    )


def test_mixed_precision_replaces_the_usual_loop():
    cfg = Config(dict(test_cfg=dict(type='TestLoop')))
    set_test_options(cfg, arguments(amp=True))
    assert cfg.test_cfg.type == 'MixedPrecisionTestLoop'
    own = Config(dict(test_cfg=dict(type='OwnLoop')))
    with pytest.raises(UserError, match='--amp: the test_cfg of the config is a OwnL'):
        set_test_options(own, arguments(amp=True))


def test_shards_of_the_same_test_go_together(cfg, tmp_path):
    before = Config(copy.deepcopy(cfg.to_dict()))
    set_test_options(cfg, arguments(shards=tmp_path / 's'))
    assert cfg.test_cfg.type == 'ShardedTestLoop'
    assert cfg.test_dataloader.sampler == dict(type='ChosenSampler', shuffle=False)
    assert not (tmp_path / 's').exists()
    PredictionShards(tmp_path / 's', cfg.test_cfg.about).claim()
    again = Config(copy.deepcopy(before.to_dict()))
    set_test_options(again, arguments(shards=tmp_path / 's'))
    assert again.test_cfg.about == cfg.test_cfg.about


@pytest.mark.parametrize(
    ('key', 'value', 'named'),
    [
        ('model.type', 'MaskRCNN', 'model'),
        ('test_dataloader.dataset.type', 'RepeatDataset', 'data'),
        ('test_evaluator.type', 'VOCMetric', 'metrics'),
        ('load_from', 'd.pth', 'checkpoint'),
    ],
)
def test_shards_of_another_test_are_refused(cfg, tmp_path, key, value, named):
    first = Config(copy.deepcopy(cfg.to_dict()))
    set_test_options(first, arguments(shards=tmp_path))
    PredictionShards(tmp_path, first.test_cfg.about).claim()
    checkpoint = value if key == 'load_from' else 'c.pth'
    cfg.merge_from_dict({key: value})
    with pytest.raises(UserError, match=f'another test: not the same {named};'):
        set_test_options(cfg, arguments(shards=tmp_path, checkpoint=checkpoint))


def test_shards_in_fewer_bits(cfg, tmp_path):
    set_test_options(cfg, arguments(shards=tmp_path, amp=True))
    assert cfg.test_cfg.type == 'ShardedMixedPrecisionTestLoop'


def test_what_shards_do_not_go_with(cfg, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match='holds other files'):
        set_test_options(cfg, arguments(shards=tmp_path))
    with pytest.raises(UserError, match='is a file'):
        set_test_options(cfg, arguments(shards=tmp_path / 'file'))
    cfg.test_cfg = dict(type='OwnLoop')
    with pytest.raises(UserError, match=r'--shards: the test_cfg .* is a OwnLoop'):
        set_test_options(cfg, arguments(shards=tmp_path / 's'))
