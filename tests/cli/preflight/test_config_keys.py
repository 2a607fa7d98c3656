from pathlib import Path

import pytest
from mmengine.config import Config

from mmdet_plus.cli.preflight.config_keys import check_names
from mmdet_plus.errors import UserError

CONFIGS = Path(__file__).parents[3] / 'configs'


def with_options(path, options):
    config = Config.fromfile(path)
    config.merge_from_dict(options)
    return config


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            {'optim_wraper.x': 1},
            "key 'optim_wraper' of the config; did you mean opt",
        ),
        ({'train_datalaoder': {}}, 'did you mean train_dataloader'),
        ({'train_dataloader.batchsize': 2}, "'batchsize' in train_dataloader of the "),
        (
            {'train_cfg.max_epoch': 2},
            'train_cfg.max_epoch: EpochBasedTrainLoop takes',
        ),
        (
            {'model.roi_head.bbox_head.num_class': 2},
            r'roi_head\.bbox_head\.num_class: .* did you mean num_classes',
        ),
        ({'model.test_cfg.rcnn.score_th': 0.5}, 'did you mean score_thr'),
        ({'model.roi_head.type': 'StandardRoiHead'}, 'did you mean StandardRoIHead'),
        ({'model.backbone.type': 'ResNest'}, r'model\.backbone\.type: .*ResNeSt'),
        ({'default_hooks.logger.intervall': 1}, 'default_hooks.logger.intervall'),
        (
            {'default_hooks.checkpoint': dict(type='CheckpointHook', save_bst='auto')},
            'did you mean save_best',
        ),
        ({'optim_wrapper.optimizer.type': 'AdamX'}, r"'AdamX'; did you mean Adam"),
        ({'optim_wrapper.optimizer.momentun': 1}, 'did you mean momentum'),
        ({'test_evaluator.metrics': 'bbox'}, r'test_evaluator\.metrics: CocoMetric'),
        ({'train_dataloader.dataset.pipelin': []}, 'did you mean pipeline'),
    ],
)
def test_misspelt_names_are_refused(tiny_config, options, message):
    with pytest.raises(UserError, match=message):
        check_names(with_options(tiny_config, options))


@pytest.mark.parametrize(
    'options',
    [
        {},
        {'my_variable': 1, 'test_pipelines': []},
        {'model.backbone.norm_cfg': dict(type='BN', requires_grad=False)},
        {'model.test_cfg.rcnn.nms.type': 'soft_nms'},
        {'optim_wrapper.paramwise_cfg': dict(norm_decay_mult=0.0)},
    ],
)
def test_right_names_pass(tiny_config, options):
    check_names(with_options(tiny_config, options))


@pytest.mark.parametrize(
    'name',
    [
        'd2det/d2det-mask_r50_fpn_2x_coco.py',
        'cpm_rcnn/cpm-rcnn_r18_fpn_1x_shapes.py',
        'dcr/faster-rcnn-dcrv1-r50_r101_8e_voc0712.py',
        'refinedet/refinedet320_tiny_shapes.py',
        'double_head/dh-ext-faster-rcnn_r50_fpn_1x_coco.py',
    ],
)
def test_our_configs_pass(name):
    check_names(Config.fromfile(CONFIGS / name))
