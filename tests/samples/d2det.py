"""A small D2Det RoI head and what it reads, for the tests of several files."""

import torch
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from samples.roi_heads import STRIDES, train_cfg

import mmdet_plus  # noqa: F401

# Of a small RoI head that also predicts masks.
MASK_HEAD = dict(
    type='D2DetMaskHead',
    in_channels=12,
    conv_out_channels=8,
    norm_cfg=dict(type='GN', num_groups=2),
    fc_out_channels=10,
    num_classes=3,
)


def config() -> ConfigDict:
    """Config of a small head on two levels."""
    return ConfigDict(
        type='D2DetRoIHead',
        bbox_roi_extractor=dict(
            type='DiscriminativeRoIExtractor',
            out_channels=8,
            featmap_strides=STRIDES,
            offset_channels=16,
        ),
        bbox_head=dict(
            type='Shared2FCBBoxHead',
            in_channels=8,
            fc_out_channels=16,
            num_classes=3,
            with_reg=False,
        ),
        reg_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=14, sampling_ratio=2),
            out_channels=8,
            featmap_strides=STRIDES,
        ),
        reg_head=dict(
            type='DenseLocalRegressionHead',
            in_channels=8,
            num_convs=2,
            conv_channels=12,
            norm_cfg=dict(type='GN', num_groups=3),
        ),
        train_cfg=train_cfg(
            dict(type='RandomSampler', num=16, pos_fraction=0.5), max_reg_rois=6
        ),
        test_cfg=dict(
            score_thr=0.0,
            nms=dict(type='nms', iou_threshold=0.9),
            max_per_img=20,
            final_nms=dict(type='soft_nms', iou_threshold=0.5),
        ),
    )


def build(change=None):
    """A small head; ``change`` is merged into its config."""
    torch.manual_seed(0)
    cfg = config()
    for part, values in (change or {}).items():
        if isinstance(values, dict):
            cfg.setdefault(part, ConfigDict()).update(values)
        else:
            cfg[part] = values
    head = MODELS.build(cfg)
    head.init_weights()
    # So that boxes move visibly.
    torch.nn.init.normal_(head.reg_head.offset_conv.weight, std=0.05)
    torch.nn.init.constant_(head.reg_head.offset_conv.bias, 0.6)
    torch.nn.init.constant_(head.reg_head.overlap_conv.bias, 1.0)
    return head


def features():
    """Of two images, one level more than the RoI extractors read, as FPN has."""
    torch.manual_seed(1)
    return tuple(torch.randn(2, 8, 128 // s, 128 // s) for s in (*STRIDES, 16))
