"""What is written about a detector into its file."""

from typing import Any, NamedTuple

import torch
from mmdet.registry import DATASETS
from mmengine.config import Config

from ..errors import UserError
from ..version import __version__
from .forms.registry import unsupported
from .model_info import ModelInfo

MIN_OPSET = 20
PRECISIONS = ('fp32', 'fp16')
# Steps of a test pipeline that leave images as they are.
KNOWN_STEPS = ('LoadImageFromFile', 'LoadAnnotations', 'PackDetInputs')


class ExportOptions(NamedTuple):
    """What a graph shall be like."""

    shape: tuple[int, int] | None = None
    """Height and width that images are resized to; None as the config says."""
    dynamic: bool = False
    """Whether images may have any size."""
    precision: str = 'fp32'
    max_detections: int | None = None
    """Of an image; None as the config says."""
    opset: int = MIN_OPSET


def describe_model(
    cfg: Config, detector: Any, name: str, options: ExportOptions
) -> ModelInfo:
    """What is to be known of a detector.

    Args:
        cfg: its config.
        detector: the detector; ``dataset_meta`` names its classes.
        name: of the config.
        options: of the export.

    Raises:
        UserError: for a test pipeline whose steps are not those of ``OnnxDetector``, or
            a dynamic graph where all images get one size.
    """
    scale, keep_ratio = _resizing(cfg)
    if options.dynamic and not keep_ratio:
        raise UserError(
            '--dynamic: the test pipeline gives all images one size (keep_ratio=False '
            'of Resize); leave it out'
        )
    shape = options.shape or (min(scale), max(scale))
    if not keep_ratio and options.shape is None:
        shape = (scale[1], scale[0])
    test_cfg = _final_test_cfg(detector)
    classes, palette = _classes(cfg, detector)
    kinds = [type(detector).__name__]
    if hasattr(detector, 'roi_head'):
        kinds.append(type(detector.roi_head).__name__)
    return ModelInfo(
        method='/'.join(kinds),
        config=name,
        version=__version__,
        class_names=classes,
        palette=palette,
        shape=list(shape),
        keep_ratio=keep_ratio,
        dynamic=options.dynamic,
        score_thr=float(test_cfg.get('score_thr', 0)),
        nms=dict(test_cfg.get('nms') or {}),
        max_detections=int(test_cfg['max_per_img']),
        mask_threshold=float(test_cfg.get('mask_thr_binary', 0.5)),
        precision=options.precision,
    )


def _final_test_cfg(detector: Any) -> dict:
    """The test config that chooses the detections of an image."""
    inner = getattr(detector, 'detector', detector)
    own = getattr(detector, 'test_cfg', None) or inner.test_cfg
    return own.get('rcnn') or own


def _resizing(cfg: Config) -> tuple[tuple[int, int], bool]:
    """Scale, width and height, of the test pipeline, and whether it keeps the ratio."""
    dataset = cfg.test_dataloader.dataset
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    found = None
    for place, step in enumerate(dataset.pipeline):
        key = f'test_dataloader.dataset.pipeline[{place}]'
        if step['type'] == 'Resize' and 'scale' in step and found is None:
            scale = step['scale']
            scale = (scale, scale) if isinstance(scale, int) else tuple(scale)
            found = scale, bool(step.get('keep_ratio', False))
        elif step['type'] not in KNOWN_STEPS:
            raise unsupported(key, f'OnnxDetector knows no {step["type"]}')
    if found is None:
        raise unsupported('test_dataloader.dataset.pipeline', 'it has no Resize')
    return found


def _classes(cfg: Config, detector: Any) -> tuple[list[str], list[list[int]]]:
    """Names and colours, of the checkpoint or else of the config's dataset."""
    meta = getattr(detector, 'dataset_meta', None) or {}
    if not meta.get('classes'):
        dataset = cfg.test_dataloader.dataset
        while 'dataset' in dataset:
            dataset = dataset['dataset']
        default = getattr(DATASETS.get(dataset.type), 'METAINFO', {})
        meta = {**default, **(dataset.get('metainfo') or {})}
    names = [str(name) for name in meta.get('classes') or ()]
    colours = [list(map(int, colour)) for colour in meta.get('palette') or ()]
    if len(colours) < len(names):
        generator = torch.Generator().manual_seed(0)
        colours = torch.randint(256, (len(names), 3), generator=generator).tolist()
    return names, colours[: len(names)]
