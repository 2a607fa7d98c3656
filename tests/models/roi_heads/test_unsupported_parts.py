import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from samples.cpm_rcnn import config as cpm_config
from samples.d2det import config as d2det_config

from mmdet_plus.models.roi_heads.bbox_heads import DoubleHeadExtBBoxHead
from mmdet_plus.models.roi_heads.unsupported_parts import (
    refuse_double_head,
    refuse_parts,
)


def test_parts_are_refused_by_name():
    cfg = dict(shared_head=None, mask_head=dict(type='FCNMaskHead'))
    refuse_parts('OneRoIHead', cfg, 'shared_head', 'grid_head')
    with pytest.raises(ValueError, match='OneRoIHead has no mask_head: leave it out'):
        refuse_parts('OneRoIHead', cfg, 'shared_head', 'mask_head')


def test_a_head_that_reads_two_features_is_refused():
    head = DoubleHeadExtBBoxHead(
        in_channels=4, conv_out_channels=8, fc_out_channels=8, num_classes=3
    )
    refuse_double_head('OneRoIHead', bbox_head=torch.nn.Identity(), rsm_head=None)
    with pytest.raises(ValueError, match='OneRoIHead gives rsm_head one RoI feature'):
        refuse_double_head('OneRoIHead', bbox_head=None, rsm_head=head)


@pytest.mark.parametrize('config', [d2det_config, cpm_config])
def test_roi_heads_refuse_it(config):
    cfg = config()
    cfg.bbox_head = ConfigDict(
        type='DoubleHeadExtBBoxHead',
        in_channels=8,
        conv_out_channels=8,
        fc_out_channels=8,
        num_classes=3,
    )
    with pytest.raises(ValueError, match=f'{cfg.type} gives bbox_head one RoI feature'):
        MODELS.build(cfg)
