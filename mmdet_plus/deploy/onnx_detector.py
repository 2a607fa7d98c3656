"""Runs exported models with onnxruntime: neither PyTorch nor OpenMMLab is needed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .detections import Detections
from .drawing import draw_detections
from .image_preparation import (
    ModelInput,
    common_depth,
    prepare,
    read_image,
    read_image_to_draw,
)
from .masks import paste_masks
from .model_info import from_metadata

CHANNEL_ORDERS = ('rgb', 'bgr')


class OnnxDetector:
    """A detector from a file that ``tools/export.py`` wrote.

    Used as::

        detector = OnnxDetector('model.onnx')
        found = detector('image.jpg')
        several = detector(['a.jpg', 'b.jpg'], batch_size=2)

    Args:
        model: path of the file.
        providers: of onnxruntime, such as ``['CUDAExecutionProvider']``; the CPU by
            default.
        num_threads: of an operator; 0 leaves it to onnxruntime.
        channel_order: of images that are arrays, ``'rgb'``, or ``'bgr'`` as OpenCV has
            them.

    Raises:
        ValueError: for a file that is not there, is broken, or was not written by
            ``tools/export.py``.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        providers: Sequence[Any] = ('CPUExecutionProvider',),
        num_threads: int = 0,
        channel_order: str = 'rgb',
    ) -> None:
        if channel_order not in CHANNEL_ORDERS:
            raise ValueError(
                f'channel_order must be one of {", ".join(CHANNEL_ORDERS)}, got '
                f'{channel_order!r}'
            )
        if not Path(model).is_file():
            state = 'is a folder' if Path(model).is_dir() else 'does not exist'
            raise ValueError(f'{model} {state}')
        self.session = _open_session(model, providers, num_threads)
        self.info = from_metadata(self.session.get_modelmeta().custom_metadata_map)
        self.channel_order = channel_order

    @property
    def class_names(self) -> list[str]:
        """Names of the labels."""
        return self.info.class_names

    def __call__(self, images: Any, batch_size: int = 1) -> Any:
        """Detect objects.

        Args:
            images: an image, or a list: paths, ``PIL.Image`` or (H, W, 3) arrays
                of uint8 or uint16.
            batch_size: how many images run at once.

        Returns:
            ``Detections``, or a list of them for a list.
        """
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {batch_size}')
        if not isinstance(images, list | tuple):
            return self([images])[0]
        depth = common_depth(images)
        found: list[Detections] = []
        for start in range(0, len(images), batch_size):
            batch = images[start : start + batch_size]
            pixels = [read_image(image, self.channel_order, depth) for image in batch]
            found += self.detect(prepare(pixels, self.info))
        return found

    def detect(self, inputs: ModelInput) -> list[Detections]:
        """Run the graph on prepared images.

        Raises:
            ValueError: for images of another size than a graph of fixed size takes.
        """
        size = list(inputs.images.shape[1:3])
        if not self.info.dynamic and size != self.info.shape:
            raise ValueError(
                f'the model takes images of {self.info.shape[0]} x {self.info.shape[1]}'
                f' (height x width) only, got {size[0]} x {size[1]}; export it with '
                '--dynamic for any size'
            )
        names = [output.name for output in self.session.get_outputs()]
        values = self.session.run(None, inputs._asdict())
        outputs = dict(zip(names, values, strict=True))
        return [
            self._of_image(outputs, image, tuple(original))
            for image, original in enumerate(inputs.original_sizes.tolist())
        ]

    def draw(
        self, image: Any, found: Detections, score_thr: float = 0.3
    ) -> Image.Image:
        """The image with detections that score more than ``score_thr``."""
        pixels = read_image_to_draw(image, self.channel_order)
        return draw_detections(pixels, found, self.info, score_thr)

    def _of_image(
        self, outputs: dict[str, np.ndarray], image: int, size: tuple[int, int]
    ) -> Detections:
        own = outputs['image_ids'] == image
        rows = {name: values[own] for name, values in outputs.items()}
        masks = None
        if 'masks' in rows:
            masks = paste_masks(
                rows['masks'], rows['boxes'], size, self.info.mask_threshold
            )
        return Detections(
            rows['boxes'],
            rows['scores'],
            rows['labels'],
            masks,
            rows.get('mask_scores'),
        )


def _open_session(model: str | Path, providers: Sequence[Any], num_threads: int) -> Any:
    # Here, because exporting and the forms do without it.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    try:
        return onnxruntime.InferenceSession(
            str(model), options, providers=list(providers)
        )
    except Exception as error:
        if not type(error).__module__.startswith('onnxruntime'):
            raise
        raise ValueError(f'{model} is no ONNX model that runs: {error}') from error
