"""What heads over multibox anchors, ARM and ODM, have to do alike in training."""

import copy

import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmdet_plus.models.task_modules.multibox import tiled_anchors

META = dict(img_shape=(64, 64), scale_factor=(2.0, 4.0))
TRAIN_CFG = dict(
    assigner=dict(
        type='MaxIoUAssigner',
        pos_iou_thr=0.5,
        neg_iou_thr=0.5,
        min_pos_iou=1e-6,
        gt_max_assign_all=False,
    ),
    neg_pos_ratio=3,
)


def feats(batch=2):
    """Two levels, of three and four channels, of images 64 x 64."""
    torch.manual_seed(1)
    return [torch.randn(batch, 3, 8, 8), torch.randn(batch, 4, 4, 4)]


def samples(*boxes):
    """Objects of images, xyxy."""
    return [
        DetDataSample(
            gt_instances=InstanceData(
                bboxes=torch.tensor(box, dtype=torch.float32).reshape(-1, 4),
                labels=torch.arange(len(box)) + 3,
            ),
            metainfo=META,
        )
        for box in boxes
    ]


class MultiboxTraining:
    """Tests of a head; a subclass says of which.

    Attributes:
        build: gives a head that trains by ``TRAIN_CFG``, changed by keywords.
        losses_of: its losses on such samples, with the same keywords.
        feats: two images' levels for it.
        samples: the objects of the images.
        losses: names of the losses of classes and boxes.
    """

    def test_configured_losses_count(self):
        plain = self.losses_of(self.samples)
        weighted = self.losses_of(
            self.samples,
            loss_cls=dict(type='CrossEntropyLoss', loss_weight=2.0),
            loss_bbox=dict(type='SmoothL1Loss', loss_weight=3.0),
        )
        for name, weight in zip(self.losses, (2, 3), strict=True):
            torch.testing.assert_close(weighted[name], weight * plain[name])

    def test_configured_coder_encodes(self):
        coder = dict(type='ClampedDeltaXYWHBBoxCoder', target_stds=(0.2, 0.2, 0.4, 0.4))
        anchors = [tiled_anchors(self.build().prior_generator, self.feats())] * 2
        gts = [sample.gt_instances for sample in self.samples]
        usual, wide = (
            head.get_targets(anchors, gts).deltas
            for head in (self.build(), self.build(bbox_coder=coder))
        )
        assert usual.abs().sum() > 0
        torch.testing.assert_close(wide, usual / 2)

    def test_negatives_per_positive_count(self):
        by_ratio = [
            self.losses_of(
                self.samples, train_cfg=dict(TRAIN_CFG, neg_pos_ratio=ratio)
            )[self.losses[0]]
            for ratio in (0, 1, 3)
        ]
        assert by_ratio[0] < by_ratio[1] < by_ratio[2]
        usual = self.losses_of(self.samples)[self.losses[0]]
        torch.testing.assert_close(by_ratio[2], usual)

    def test_ignored_regions_do_not_train(self):
        assigner = dict(TRAIN_CFG['assigner'], ignore_iof_thr=0.1)
        ignored = copy.deepcopy(self.samples)
        for sample in ignored:
            sample.ignored_instances = InstanceData(
                bboxes=torch.tensor([[-100.0, -100, 200, 200]])
            )
        train_cfg = dict(TRAIN_CFG, assigner=assigner)
        losses = self.losses_of(self.samples, train_cfg=train_cfg)
        assert all(loss > 0 for loss in losses.values())
        losses = self.losses_of(ignored, train_cfg=train_cfg)
        assert all(loss == 0 for loss in losses.values())
