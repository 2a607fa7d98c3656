"""Refiners whose effect is known by hand, and a small detector, for several files."""

import copy

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

from mmdet_plus.models.roi_heads.refiners.box_refiner import BoxRefiner

NUM_CLASSES = 3
SHAPE = (64, 96)
GTS = torch.tensor([[10.0, 10, 50, 50], [40, 20, 90, 60]])
LABELS = torch.tensor([0, 2])


def box_iou(first, second):
    """IoU of all pairs, written out: judges what the package finds."""
    low = torch.maximum(first[:, None, :2], second[None, :, :2])
    high = torch.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(dim=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(dim=1) for boxes in (first, second)]
    return shared / (areas[0][:, None] + areas[1][None] - shared)


class StubRefiner(BoxRefiner):
    """Probabilities of one for every class: products stay what they were."""

    def __init__(self, num_classes=NUM_CLASSES, **kwargs):
        super().__init__(2, num_classes=num_classes, **kwargs)

    def image_feats(self, inputs):
        return inputs.images

    def box_feats(self, image_feats, rois):
        return rois[:, 1:3]

    def predict(self, inputs, rois):
        return rois.new_ones(len(rois), NUM_CLASSES + 1), None


class OracleRefiner(StubRefiner):
    """Knows the ground truth of every image: one for the true class, else zero."""

    def predict(self, inputs, rois):
        ious, objects = box_iou(rois[:, 1:], GTS).max(dim=1)
        labels = torch.where(ious >= 0.5, LABELS[objects], NUM_CLASSES)
        one_hot = torch.nn.functional.one_hot(labels, NUM_CLASSES + 1)
        return one_hot.float(), None


for stub in (StubRefiner, OracleRefiner):
    MODELS.register_module(module=stub, force=True)


def refiner_config(**changes):
    """A small region refiner on maps of 8 channels."""
    return ConfigDict(
        type='RegionRefiner',
        tail=dict(type='ResNetTail', depth=18, base_channels=8),
        num_classes=NUM_CLASSES,
        crop_size=32,
        sampler=dict(type='HardFalsePositiveSampler', num=8),
        **changes,
    )


def crop_config(**changes):
    """A small crop refiner."""
    return ConfigDict(
        type='CropRefiner',
        backbone=dict(type='ResNet', depth=18, base_channels=8, norm_eval=True),
        in_channels=64,
        num_classes=NUM_CLASSES,
        crop_size=32,
        sampler=dict(type='HardFalsePositiveSampler', num=8),
        **changes,
    )


def detector_config(head='StandardRoIHead', **backbone):
    """A small Faster R-CNN."""
    iou = dict(type='MaxIoUAssigner', match_low_quality=False)
    box_head = dict(
        type='Shared2FCBBoxHead',
        in_channels=16,
        fc_out_channels=16,
        roi_feat_size=7,
        num_classes=NUM_CLASSES,
    )
    return ConfigDict(
        type='FasterRCNN',
        data_preprocessor=dict(type='DetDataPreprocessor', pad_size_divisor=32),
        backbone=dict(
            type='ResNet', depth=18, base_channels=8, norm_eval=True, **backbone
        ),
        neck=dict(type='FPN', in_channels=[8, 16, 32, 64], out_channels=16, num_outs=5),
        rpn_head=dict(
            type='RPNHead',
            in_channels=16,
            feat_channels=16,
            anchor_generator=dict(
                type='AnchorGenerator',
                scales=[4],
                ratios=[1.0],
                strides=[4, 8, 16, 32, 64],
            ),
        ),
        roi_head=dict(
            type=head,
            bbox_roi_extractor=dict(
                type='SingleRoIExtractor',
                roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
                out_channels=16,
                featmap_strides=[4, 8, 16, 32],
            ),
            bbox_head=box_head,
        ),
        train_cfg=dict(
            rpn=dict(
                assigner=dict(iou, pos_iou_thr=0.7, neg_iou_thr=0.3, min_pos_iou=0.3),
                sampler=dict(
                    type='RandomSampler',
                    num=32,
                    pos_fraction=0.5,
                    add_gt_as_proposals=False,
                ),
                allowed_border=-1,
                pos_weight=-1,
                debug=False,
            ),
            rpn_proposal=dict(
                nms_pre=50, max_per_img=20, nms=dict(type='nms', iou_threshold=0.7)
            ),
            rcnn=dict(
                assigner=dict(iou, pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0.5),
                sampler=dict(type='RandomSampler', num=16, pos_fraction=0.25),
                pos_weight=-1,
                debug=False,
            ),
        ),
        test_cfg=dict(
            rpn=dict(
                nms_pre=50, max_per_img=20, nms=dict(type='nms', iou_threshold=0.7)
            ),
            rcnn=dict(
                score_thr=0.0,
                nms=dict(type='nms', iou_threshold=0.5),
                max_per_img=30,
            ),
        ),
    )


def mask_config():
    """That detector with masks."""
    cfg = detector_config()
    cfg.type = 'MaskRCNN'
    extractor = copy.deepcopy(cfg.roi_head.bbox_roi_extractor)
    extractor.roi_layer.output_size = 14
    cfg.roi_head.update(
        mask_roi_extractor=extractor,
        mask_head=dict(
            type='FCNMaskHead',
            num_convs=1,
            in_channels=16,
            conv_out_channels=8,
            num_classes=NUM_CLASSES,
        ),
    )
    cfg.train_cfg.rcnn.mask_size = 28
    cfg.test_cfg.rcnn.mask_thr_binary = 0.5
    return cfg


def shared_config(refiner, refine_at='pre_nms', detector=None, **backbone):
    """A detector, that one by default, with DCR V2."""
    cfg = detector or detector_config(**backbone)
    return ConfigDict(
        {**cfg, 'type': 'SharedBaseDCR', 'refiner': refiner, 'refine_at': refine_at}
    )


def build(cfg):
    """A model with boxes that differ visibly."""
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(copy.deepcopy(cfg))
    model.init_weights()
    for name, param in model.named_parameters():
        if name.endswith(('bbox_head.fc_cls.weight', 'bbox_head.fc_reg.weight')):
            torch.nn.init.normal_(param, std=0.3)
    return model


def images(count=2):
    """Noise."""
    torch.manual_seed(1)
    return torch.randn(count, 3, *SHAPE)


def samples(*gts, scale=1.0):
    """One image for each argument: how many of the objects it has."""
    return [
        DetDataSample(
            gt_instances=InstanceData(bboxes=GTS[:count], labels=LABELS[:count]),
            metainfo=dict(
                img_shape=SHAPE,
                pad_shape=SHAPE,
                batch_input_shape=SHAPE,
                ori_shape=(int(SHAPE[0] / scale), int(SHAPE[1] / scale)),
                scale_factor=(scale, scale),
            ),
        )
        for count in gts
    ]


def random_samples(seed, count=2):
    """Ground truth of every kind: none, many, flat, slivers, beyond the image."""
    generator = torch.Generator().manual_seed(seed)
    given = samples(*[0] * count)
    height, width = SHAPE
    for sample in given:
        num = int(torch.randint(0, 6, (1,), generator=generator))
        low = torch.rand(num, 2, generator=generator) * torch.tensor([width, height])
        sizes = torch.rand(num, 2, generator=generator) * 40
        kinds = torch.randint(0, 4, (num, 2), generator=generator)
        sizes[kinds == 0] = 0
        sizes[kinds == 1] *= 1e-6
        labels = torch.randint(0, NUM_CLASSES, (num,), generator=generator)
        sample.gt_instances = InstanceData(
            bboxes=torch.cat([low, low + sizes], dim=1), labels=labels
        )
    return given


def predict(model, given, rescale=False):
    model.eval()
    with torch.no_grad():
        return [s.pred_instances for s in model.predict(images(), given, rescale)]


def share_weights(model, base):
    """Give a detector with refiner the weights of one without."""
    weights = {
        name.replace('roi_head.', 'roi_head.base.'): value
        for name, value in base.state_dict().items()
    }
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert unexpected == []
    assert all('refiner' in name for name in missing)


def assert_same_detections(found, expected):
    """Some detections in each image, equal bit for bit."""
    for own, other in zip(found, expected, strict=True):
        assert len(own) > 5
        assert torch.equal(own.bboxes, other.bboxes)
        assert torch.equal(own.scores, other.scores)
        assert torch.equal(own.labels, other.labels)
