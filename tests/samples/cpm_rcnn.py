"""A small CPM R-CNN RoI head, for the tests of several files."""

import torch
from mmdet.registry import MODELS
from mmengine.config import Config, ConfigDict
from samples.roi_heads import STRIDES, train_cfg

import mmdet_plus  # noqa: F401

CLASSIFIER = dict(
    type='Shared2FCBBoxHead',
    in_channels=8,
    fc_out_channels=16,
    num_classes=3,
    with_reg=False,
)


def extractor(size: int) -> dict:
    """Config of an RoI extractor on two levels."""
    return dict(
        type='SingleRoIExtractor',
        roi_layer=dict(type='RoIAlign', output_size=size, sampling_ratio=2),
        out_channels=8,
        featmap_strides=STRIDES,
        finest_scale=21,  # both levels are used
    )


def config(**changes) -> ConfigDict:
    """Config of a small head with all modules and three stages."""
    cfg = dict(
        type='CPMRoIHead',
        bbox_roi_extractor=extractor(7),
        bbox_head=CLASSIFIER,
        grid_roi_extractor=extractor(14),
        grid_head=dict(
            type='PointGridHead',
            in_channels=8,
            num_convs=2,
            point_channels=4,
            norm_cfg=dict(type='GN', num_groups=6),
        ),
        iou_head=dict(type='IoUScoringHead', in_channels=36, fc_out_channels=16),
        rsm_head=CLASSIFIER,
        train_cfg=train_cfg(dict(type='RandomSampler', num=16, pos_fraction=0.5)),
        test_cfg=dict(
            score_thr=0.0, nms=dict(type='nms', iou_threshold=0.9), max_per_img=20
        ),
    )
    whole = Config(dict(model=cfg))
    whole.merge_from_dict({f'model.{key}': value for key, value in changes.items()})
    return whole.model


def build(**changes):
    """A small head; ``changes`` are values of its config by dotted keys."""
    torch.manual_seed(0)
    head = MODELS.build(config(**changes))
    head.init_weights()
    for stage in head.grid_heads:
        torch.nn.init.normal_(stage.heatmap_deconv.weight, std=0.1)
    if head.iou_head is not None:
        torch.nn.init.constant_(head.iou_head.predictor.bias, 0.5)
    for classifier in (head.bbox_head, head.rsm_head):
        if classifier is not None:
            torch.nn.init.normal_(classifier.fc_cls.weight, std=0.2)
    return head
