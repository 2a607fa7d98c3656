from argparse import Namespace

import pytest
from mmengine.config import Config

from mmdet_plus.engine.error_reporting import UserError
from mmdet_plus.engine.test_options import set_test_options

FLAGS = dict.fromkeys(
    ['eval', 'format_only', 'out', 'show', 'show_dir', 'tta', 'fuse_conv_bn']
)


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


def test_fusing_leaves_averaging_out(cfg):
    set_test_options(cfg, arguments(fuse_conv_bn=True))
    assert [h.type for h in cfg.custom_hooks] == ['EpochSeedHook', 'FuseConvBNHook']
