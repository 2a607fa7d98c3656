"""Detectors to measure: trained ones, or others that have as much to do."""

import itertools
from pathlib import Path
from typing import Any

import mmcv
import torch
from mmdet.models.detectors import BaseDetector
from mmdet.models.roi_heads.bbox_heads import BBoxHead
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, SampleList
from mmengine.config import Config, ConfigDict
from mmengine.hub import get_config
from mmengine.logging import MMLogger
from mmengine.runner import load_checkpoint
from torch import Tensor, nn

from ...errors import UserError
from ...zoo.matching import check_match

# Of the boxes that a trained D2Det and CPM R-CNN localise, 52 and 62 % are distinct
# RoIs: the others are the same RoI for another class.
CLASSES_OF_A_ROI = 2
CONFIDENT = 5.0
NEGLIGIBLE = 1e-9
# Fraction of the RoIs, the best first, and the best score there: the tiny D2Det on the
# first 20 validation images of shapes.
SCORE_CURVE = (
    (0, 0.95),
    (0.07, 0.5),
    (0.29, 0.1),
    (0.34, 0.05),
    (0.5, 0.01),
    (0.59, 0.005),
    (0.77, 0.001),
    (1, 0.0001),
)


def read_benchmark_config(name: str) -> Config:
    """A config file, or MMDetection's by a name such as ``mmdet::ssd/ssd300_coco``.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return get_config(f'{name}.py') if '::' in name else Config.fromfile(name)
    except Exception as error:
        raise UserError(f'config {name} cannot be read: {error}') from error


def build_trained(cfg: Config, checkpoint: str) -> BaseDetector:
    """A detector with the weights and the limits that it is used with."""
    model = MODELS.build(without_pretraining(cfg.model)).eval()
    check_match(model, load_checkpoint(model, checkpoint, map_location='cpu'))
    return model


def build_untrained(
    cfg: Config, *, proposals: int, detections: int, images: int = 1
) -> BaseDetector:
    """A detector of random weights that gets so many proposals and detections.

    Scores fall from RoI to RoI as in a trained model, and each RoI scores for two
    classes: half of the boxes that are localised are distinct.

    Args:
        cfg: config of the detector.
        proposals: that reach the RoI head; of single-stage detectors the anchors that
            reach non-maximum suppression, in all levels together.
        detections: that are left.
        images: of each batch.
    """
    torch.manual_seed(0)
    model_cfg = without_pretraining(cfg.model)
    if 'roi_head' not in model_cfg:
        return _build_single_stage(model_cfg, proposals, detections)
    test_cfg = model_cfg.test_cfg
    fix_proposals(test_cfg, proposals)
    test_cfg.rcnn.update(score_thr=0.05, max_per_img=detections)
    test_cfg.rcnn.nms = dict(type='nms', iou_threshold=0.99)
    model = MODELS.build(model_cfg).eval()
    _prescribe_scores(model, images)
    return model


def build_with_refiner(model_cfg: ConfigDict, proposals: int) -> BaseDetector:
    """A detector of DCR with random weights, whose refiner gets so many proposals.

    Args:
        model_cfg: with a ``refiner``; changed in place.
        proposals: of each image.

    Raises:
        UserError: there is no refiner, or the detector has no proposals.
    """
    if 'refiner' not in model_cfg:
        raise UserError('the model has no refiner: it is no config of DCR')
    whole = model_cfg.get('detector')
    detector: Any = whole if isinstance(whole, dict) else model_cfg
    if 'rpn' not in (detector.get('test_cfg') or {}):
        raise UserError('its detector has no proposals, whose number is set')
    fix_proposals(detector.test_cfg, proposals)
    return MODELS.build(without_pretraining(model_cfg)).eval()


def fix_proposals(test_cfg: ConfigDict, proposals: int) -> None:
    """Let so many proposals of an RPN through; ``test_cfg`` changes in place."""
    test_cfg.rpn.update(nms_pre=proposals, max_per_img=proposals)
    test_cfg.rpn.nms.iou_threshold = 0.99


def samples_for(inputs: Tensor) -> SampleList:
    """What a detector asks to know of images (B, 3, H, W) that were not resized."""
    shape = tuple(inputs.shape[-2:])
    meta = dict(img_shape=shape, ori_shape=shape, scale_factor=(1.0, 1.0))
    return [DetDataSample(metainfo=dict(meta)) for _ in inputs]


def read_image(path: str, shape: tuple[int, int], model: BaseDetector) -> Tensor:
    """An image (1, 3, H, W), resized and prepared as the model's preprocessor does.

    Raises:
        UserError: it cannot be read.
    """
    found = mmcv.imread(path) if Path(path).is_file() else None
    if found is None:
        raise UserError(f'image {path} cannot be read')
    picture = mmcv.imresize(found, (shape[1], shape[0]))
    pixels = torch.from_numpy(picture).permute(2, 0, 1)
    samples = samples_for(pixels[None])
    return model.data_preprocessor(dict(inputs=[pixels], data_samples=samples))[
        'inputs'
    ]


def input_shape(cfg: Config, default: tuple[int, int]) -> tuple[int, int]:
    """Height and width that a config resizes all images to, or the default."""
    for step in cfg.test_dataloader.dataset.pipeline:
        if step.type == 'Resize' and not step.get('keep_ratio', False):
            width, height = step.scale
            return height, width
    return default


def without_pretraining(model_cfg: ConfigDict) -> ConfigDict:
    """The config of a model, changed to load no weights, in no part of it."""
    if model_cfg.get('detector_checkpoint') is not None:
        model_cfg['detector_checkpoint'] = None
    for name, value in model_cfg.items():
        if isinstance(value, dict):
            loads = name == 'init_cfg' and value.get('type') == 'Pretrained'
            model_cfg[name] = None if loads else without_pretraining(value)
    return model_cfg


def _prescribe_scores(model: BaseDetector, images: int) -> None:
    """Let each RoI classifier say what ``SCORE_CURVE`` does, whatever it sees."""

    def prescribe(fc_cls: nn.Linear, inputs: tuple[Tensor], logits: Tensor) -> Tensor:
        count = logits.shape[0]
        ranks = torch.arange(count, device=logits.device)
        if images > 1:  # a remainder of a length that is not known cannot be exported
            ranks %= max(count // images, 1)
        best = _best_scores((ranks * images / count).to(logits))
        scores = logits.new_full(logits.shape, NEGLIGIBLE)
        of_each_class = best / CLASSES_OF_A_ROI
        scores[:, :CLASSES_OF_A_ROI] = of_each_class[:, None]
        scores[:, -1] = 1 - CLASSES_OF_A_ROI * of_each_class
        return scores.log()

    for head in model.modules():
        if isinstance(head, BBoxHead) and head.with_cls:
            head.fc_cls.register_forward_hook(prescribe)


def _best_scores(places: Tensor) -> Tensor:
    """``SCORE_CURVE`` at places (n,) from 0 to 1; can be exported."""
    scores = torch.full_like(places, SCORE_CURVE[0][1])
    for (start, first), (end, last) in itertools.pairwise(SCORE_CURVE):
        inside = (places - start).clamp(0.0, end - start)
        scores = scores + inside * ((last - first) / (end - start))
    return scores


def _build_single_stage(
    model_cfg: ConfigDict, proposals: int, detections: int
) -> BaseDetector:
    head_cfg = model_cfg.bbox_head
    if head_cfg.type == 'SSDHead':
        head_cfg.type = 'SSDBaselineHead'  # which can predict
    per_image = head_cfg.type == 'ObjectDetectionHead'
    model = MODELS.build(model_cfg).eval()
    levels = 1 if per_image else len(model.bbox_head.cls_convs)
    model.bbox_head.test_cfg.update(nms_pre=proposals // levels, max_per_img=detections)
    MMLogger.get_current_instance().setLevel('WARNING')
    model.init_weights()
    for branch in model.bbox_head.cls_convs:
        classifier: Any = [m for m in branch.modules() if isinstance(m, nn.Conv2d)][-1]
        nn.init.zeros_(classifier.weight)
        nn.init.zeros_(classifier.bias)
        classifier.bias.data[:: model.bbox_head.num_classes + 1] = CONFIDENT
    return model
