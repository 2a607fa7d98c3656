"""Writes a detector as one ONNX graph."""

import copy
from pathlib import Path
from typing import Any, NamedTuple

import torch
from mmdet.models.dense_heads import RPNHead
from mmdet.registry import DATASETS
from mmengine.config import Config
from torch import Tensor, nn

from ..errors import UserError
from ..version import __version__
from .forms import DetectorForm, make_form
from .forms.registry import unsupported
from .model_info import ModelInfo
from .precision import halve_networks

MIN_OPSET = 20
PRECISIONS = ('fp32', 'fp16')
MAX_BATCH, MIN_SIDE, MAX_SIDE = 1024, 129, 8192
INPUTS = ('images', 'sizes', 'original_sizes')


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


def deploy_form(detector: nn.Module, precision: str = 'fp32') -> DetectorForm:
    """A detector as one module without questions to the data.

    ``torch.export`` takes it, and so does ``torch.compile``.

    Args:
        detector: as built from a config, with its weights; stays as it is.
        precision: ``'fp16'`` halves the networks, but not what is done to boxes.

    Raises:
        UserError: for a part that has no form, naming its key in the config.
    """
    form = make_form(copy.deepcopy(detector).cpu().eval(), 'model').eval()
    assert isinstance(form, DetectorForm)
    if precision == 'fp16':
        halve_networks(form, _is_form)
    return form.requires_grad_(False)


def limit_detections(detector: nn.Module, count: int) -> None:
    """Let a detector give at most so many detections of an image, in place."""
    for module in detector.modules():
        test_cfg = getattr(module, 'test_cfg', None)
        if isinstance(module, RPNHead) or test_cfg is None:
            continue
        for cfg in (test_cfg, test_cfg.get('rcnn') or {}):
            if 'max_per_img' in cfg:
                cfg['max_per_img'] = count


def write_onnx(
    detector: nn.Module, info: ModelInfo, path: Path, opset: int = MIN_OPSET
) -> None:
    """Write a detector and what is to be known of it.

    Raises:
        UserError: for a part that cannot be exported, or an opset that is too old.
    """
    if opset < MIN_OPSET:
        raise UserError(
            f'opset {opset} is too old: RoiAlign, Resize and others need {MIN_OPSET}'
        )
    form = deploy_form(detector, info.precision)
    program = export_program(form, info)
    onnx_program = torch.onnx.export(
        program,
        dynamo=True,
        opset_version=opset,
        custom_translation_table=_translations(),
        output_names=output_names(form),
        verbose=False,
    )
    assert onnx_program is not None
    onnx_program.model.metadata_props.update(info.to_metadata())
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx_program.save(str(path))


def export_program(form: nn.Module, info: ModelInfo) -> torch.export.ExportedProgram:
    """``torch.export`` of a deploy form, for batches of any length."""
    batch = torch.export.Dim('batch', min=1, max=MAX_BATCH)
    sides: dict[int, Any] = {0: batch}
    if info.dynamic:
        sides[1] = torch.export.Dim('height', min=MIN_SIDE, max=MAX_SIDE)
        sides[2] = torch.export.Dim('width', min=MIN_SIDE, max=MAX_SIDE)
    try:
        with torch.no_grad():
            return torch.export.export(
                form,
                example_inputs(info),
                dynamic_shapes=(sides, {0: batch}, {0: batch}),
                strict=False,
            )
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f'the model cannot be traced: {type(error).__name__}: {reason}'
        ) from error


def example_inputs(info: ModelInfo) -> tuple[Tensor, Tensor, Tensor]:
    """Two grey images of the size that a graph takes."""
    height, width = (
        max(side, MIN_SIDE) if info.dynamic else side for side in info.shape
    )
    images = torch.full((2, height, width, 3), 127, dtype=torch.uint8)
    sizes = torch.tensor([[height, width]]).repeat(2, 1)
    return images, sizes, sizes.clone()


def output_names(form: DetectorForm) -> list[str]:
    """Names of a form's outputs, in their order."""
    return ['boxes', 'scores', 'labels', 'image_ids', *form.mask_outputs]


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
        UserError: for a test pipeline whose steps are not those of ``OnnxDetector``.
    """
    scale, keep_ratio = _resizing(cfg)
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


def _is_form(module: nn.Module) -> bool:
    return type(module).__module__.startswith(f'{__package__}.forms')


def _translations() -> dict:
    # torch's exporter and onnxscript are of the extra [deploy].
    try:
        from .translations import translations
    except ImportError as error:
        raise UserError(f"{error}: pip install 'mmdet_plus[deploy]'") from error
    return translations()


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
            found = tuple(step['scale']), bool(step.get('keep_ratio', False))
        elif step['type'] not in (
            'LoadImageFromFile',
            'LoadAnnotations',
            'PackDetInputs',
        ):
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
