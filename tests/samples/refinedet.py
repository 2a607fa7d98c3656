"""A small RefineDet, images and objects."""

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

import mmdet_plus  # noqa: F401

NUM_CLASSES, SIZE = 3, 128
CHANNELS = [16, 16, 12, 12]
# Overlaps the corners and edges of the image.
BORDER = [[0, 0, 40, 40], [100, 90, 128, 128], [0, 60, 128, 64]]
OBJECTS = [[10, 10, 60, 70], [50, 40, 110, 120]]
KEYS = {'loss_arm_cls', 'loss_arm_bbox', 'loss_cls', 'loss_bbox'}


def config(**kwargs):
    test_cfg = dict(
        score_thr=0.0,
        nms_pre=400,
        nms=dict(type='nms', iou_threshold=0.45),
        max_per_img=20,
    )
    assigner = dict(
        type='MaxIoUAssigner',
        pos_iou_thr=0.5,
        neg_iou_thr=0.5,
        min_pos_iou=1e-6,
        gt_max_assign_all=False,
    )
    return ConfigDict(
        type='RefineDet',
        backbone=dict(
            type='RefineDetVGG',
            depth=11,
            base_channels=2,
            fc_channels=12,
            extra_channels=(6, 12),
        ),
        neck=dict(type='TransferConnection', in_channels=CHANNELS, out_channels=8),
        arm_head=dict(type='AnchorRefinementHead', in_channels=CHANNELS, **kwargs),
        bbox_head=dict(
            type='ObjectDetectionHead', num_classes=NUM_CLASSES, in_channels=[8] * 4
        ),
        train_cfg=dict(assigner=assigner, neg_pos_ratio=3),
        test_cfg=test_cfg,
    )


def build(**kwargs):
    torch.manual_seed(0)
    model = MODELS.build(config(**kwargs))
    model.init_weights()
    return model


def images(batch=2):
    torch.manual_seed(1)
    return torch.randn(batch, 3, SIZE, SIZE)


def samples(*boxes):
    return [
        DetDataSample(
            gt_instances=InstanceData(
                bboxes=torch.tensor(box, dtype=torch.float32).reshape(-1, 4),
                labels=torch.arange(len(box)) % NUM_CLASSES,
            ),
            metainfo=dict(
                img_shape=(SIZE, SIZE), ori_shape=(SIZE, SIZE), scale_factor=(1.0, 1.0)
            ),
        )
        for box in boxes
    ]


def finite_gradients(model):
    return all(
        p.grad is not None and bool(p.grad.isfinite().all()) for p in model.parameters()
    )


def filter_everything(model):
    for conv in model.arm_head.cls_convs:
        torch.nn.init.zeros_(conv.weight)
        conv.bias.data[0::2], conv.bias.data[1::2] = 0.0, 10.0  # background
    return model
