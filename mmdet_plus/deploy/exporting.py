"""Writes a detector as one ONNX graph."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import torch
from mmdet.models.dense_heads import RPNHead
from mmengine.config import Config
from torch import Tensor, nn
from torch._dynamo import config as dynamo

from ..errors import UserError
from ..whole_files import written_whole
from .description import MIN_OPSET, ExportOptions, describe_model
from .forms import DetectorForm, make_form
from .model_info import ModelInfo
from .onnx_detector import OnnxDetector
from .precision import halve_networks
from .quietness import quiet
from .unsupported_layers import check_layers
from .verification import compare, sample_images

MAX_BATCH, MIN_SIDE, MAX_SIDE = 1024, 129, 8192


def export(
    cfg: Config,
    detector: nn.Module,
    path: Path,
    name: str,
    options: ExportOptions,
    images: Sequence[Any] = (),
) -> str:
    """Write a detector and compare the file with it.

    A file that differs gets ``.differs`` in its name, so that what stands under
    ``path`` finds what the detector finds.

    Args:
        cfg: its config.
        detector: in evaluation mode.
        path: of the file.
        name: of the config.
        options: of the export.
        images: to compare on, beside a photograph.

    Returns:
        What was written and how far the two differ.

    Raises:
        UserError: for what cannot be exported, naming its key in the config, or if the
            two differ.
    """
    check_opset(options.opset)
    check_layers(detector, cfg.model)
    if options.max_detections is not None:
        limit_detections(detector, options.max_detections)
    info = describe_model(cfg, detector, name, options)
    program = onnx_program(detector, info, options.opset)
    images = [*sample_images(), *images]
    with written_whole(path) as part:
        program.save(str(part))
        with quiet():
            difference = compare(detector, OnnxDetector(part), images)
        if info.precision == 'fp32' and not difference.is_equal:
            kept = path.with_name(f'{path.stem}.differs{path.suffix}')
            part.replace(kept)
            raise UserError(f'{kept} does not find what PyTorch finds: {difference}')
    return f'{path}: {difference}'


def check_opset(opset: int) -> None:
    """Raise ``UserError`` for an opset without operators that graphs need."""
    if opset < MIN_OPSET:
        raise UserError(f'--opset {opset} is too old: it must be at least {MIN_OPSET}')
    newest = _newest_opset()
    if opset > newest:
        raise UserError(f'--opset {opset} is too new: onnx here knows up to {newest}')


def check_place(path: Path) -> None:
    """Raise ``UserError`` for a file that cannot be written; makes its folder."""
    if path.is_dir():
        raise UserError(f'--out {path} is a folder: give the name of a file')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise UserError(f'--out {path} cannot be written: {error.strerror}') from error


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


def compiled(form: nn.Module, **options: Any) -> Callable[..., Any]:
    """A form, or a part of one, compiled as one graph by ``torch.compile``.

    Args:
        form: such as ``deploy_form`` gives.
        options: of ``torch.compile``.
    """
    if not options:
        # Inductor is wrong about the layout of convolutions over unknown numbers of
        # RoIs, when it may choose it.
        options = dict(options=dict(layout_optimization=False))
    function = torch.compile(form, fullgraph=True, **options)

    def call(*args: Any) -> Any:
        # How many boxes there are is a size of the graph, not the end of one.
        with torch.no_grad(), dynamo.patch(capture_dynamic_output_shape_ops=True):
            return function(*args)

    return call


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
        UserError: as ``onnx_program``, or for a file that cannot be written.
    """
    check_place(path)
    program = onnx_program(detector, info, opset)
    with written_whole(path) as part:
        program.save(str(part))


def onnx_program(
    detector: nn.Module, info: ModelInfo, opset: int = MIN_OPSET
) -> torch.onnx.ONNXProgram:
    """The graph of a detector, with what is to be known of it in its metadata.

    Raises:
        UserError: for a part that cannot be exported, or an opset that cannot be had.
    """
    check_opset(opset)
    form = deploy_form(detector, info.precision)
    with quiet():
        program = torch.onnx.export(
            export_program(form, info),
            dynamo=True,
            opset_version=opset,
            custom_translation_table=_translations(),
            output_names=output_names(form),
            verbose=False,
        )
    assert program is not None
    # PyTorch falls back to its own opset where it cannot convert to another.
    written = program.model.opset_imports.get('')
    if written != opset:
        raise UserError(f'--opset {opset} cannot be had: PyTorch wrote opset {written}')
    program.model.metadata_props.update(info.to_metadata())
    return program


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


def _is_form(module: nn.Module) -> bool:
    return type(module).__module__.startswith(f'{__package__}.forms')


def _translations() -> dict:
    with _deploy_extra():
        from .translations import translations
    return translations()


def _newest_opset() -> int:
    with _deploy_extra():
        from onnx.defs import onnx_opset_version
    return onnx_opset_version()


@contextmanager
def _deploy_extra() -> Iterator[None]:
    """Say how to install what exporting needs and running does not."""
    try:
        yield
    except ImportError as error:
        raise UserError(f"{error}: pip install 'mmdet_plus[deploy]'") from error
