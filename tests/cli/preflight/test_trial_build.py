import copy

import pytest
from mmengine.config import Config

from mmdet_plus.cli.preflight.trial_build import check_buildable
from mmdet_plus.errors import UserError

LOADERS = dict(train_dataloader=None, val_dataloader='val_evaluator')


@pytest.fixture
def cfg(tiny_config):
    return Config.fromfile(tiny_config)


def test_what_can_be_built_passes_unchanged(cfg):
    before = copy.deepcopy(cfg.to_dict())
    check_buildable(cfg, LOADERS)
    assert cfg.to_dict() == before


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'model.backbone.depth': 19}, r'model\.backbone: ResNet cannot .* depth=19'),
        ({'model.backbone.frozen_stages': 7}, r'model\.backbone: .*frozen_stages=7'),
        ({'model.neck.in_channels': 8}, r'model\.neck: FPN cannot be built with in_ch'),
        ({'model.backbone.type': 'resnet'}, r'model\.backbone\.type.*mean ResNet\?'),
        (
            {'train_dataloader.dataset.pipeline.2.prob': 3},
            r'train_dataloader\.dataset\.pipeline\.2: RandomFlip cannot .*prob=3',
        ),
        ({'val_evaluator.metric': 'mAP'}, "val_evaluator: CocoMetric .*metric='mAP'"),
    ],
)
def test_the_part_that_cannot_be_built_is_named(cfg, options, message):
    cfg.merge_from_dict(options)
    with pytest.raises(UserError, match=message):
        check_buildable(cfg, LOADERS)
