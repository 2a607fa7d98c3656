"""MMDetection's inferencer for the models of our zoo and for any usual image."""

import logging
import operator
import os.path as osp
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import mmcv
import mmengine
import numpy as np
from mmdet.apis import DetInferencer as MMDetInferencer
from mmdet.datasets.transforms import InferencerLoader
from mmdet.registry import DATASETS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.logging import print_log
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from ..errors import UserError
from ..pixel_depth import FULL, upper_bits
from ..zoo import find_entry, load_index, unsafe_loading
from ..zoo.config_texts import config_of
from ..zoo.index import SCHEME
from ..zoo.matching import check_match
from .image_inputs import deep_values, distinct_names, list_inputs, scaled


class DetInferencer(MMDetInferencer):
    """``mmdet.apis.DetInferencer`` that knows the models of our zoo by name.

    Used as MMDetection's::

        DetInferencer(model='d2det_tiny_shapes')('image.jpg', out_dir='out')

    ``model`` is the name of a model of this package, which brings its weights, or of
    MMDetection, or the path of a config. Weights of another model are refused.

    ``weights`` alone will do where the checkpoint carries its config, as those of
    training do; that is read as data, and refused if it holds more than settings.

    Images are paths, URLs, folders, arrays (h, w), (h, w, 3) in BGR or (h, w, 4), and
    images of Pillow, or lists of those. In a folder what cannot be read is left out
    with a warning; anywhere else it is a ``UserError``. Predictions hold the names of
    their classes, too: ``class_names``, beside ``labels``. Pictures of 16 bits in one
    call are scaled together, see ``mmdet_plus.pixel_depth``.

    Args:
        model: name or config; None for the config that ``weights`` carries.
        weights: a checkpoint; None for those of a named model.
        args: as MMDetection's takes them.
        unsafe_load: load a checkpoint that holds more than weights, which can run any
            code. Holds for this detector only.
        kwargs: as MMDetection's takes them.

    Attributes:
        only: paths of the images of a folder to detect in; None for all.
    """

    only: Collection[str] | None = None
    _depth = FULL  # bits that the images of a call use
    _loads_colours = _keeps_depth = False  # what the config reads files as

    def __init__(
        self,
        model: Any = None,
        weights: str | Path | None = None,
        *args: Any,
        unsafe_load: bool = False,
        **kwargs: Any,
    ) -> None:
        model = str(model) if isinstance(model, Path) else model
        weights = None if weights is None else str(weights)
        with unsafe_loading(unsafe_load):
            if model is None and weights is not None:
                model = _carried_config(weights)
            super().__init__(model, weights, *args, **kwargs)

    def _load_model_from_metafile(self, model: str) -> tuple[Config, str]:
        entries = load_index()
        name = model.removeprefix(SCHEME)
        if name in entries:
            return Config.fromfile(entries[name].config), f'{SCHEME}{name}'
        if name.endswith('.py'):
            raise UserError(f'config file {name} does not exist')
        try:
            return super()._load_model_from_metafile(model)
        except ValueError:
            find_entry(name)  # says which names are alike
            raise

    def _load_weights_to_model(
        self, model: nn.Module, checkpoint: dict | None, cfg: Config | None
    ) -> None:
        # MMDetection goes on with random weights in place of those that do not fit.
        if checkpoint is not None:
            check_match(model, checkpoint)
            _name_classes(model, checkpoint, cfg)
        super()._load_weights_to_model(model, checkpoint, cfg)

    def _init_collate(self, cfg: Config) -> Any:
        # MMEngine warns that MMDetection has no registry of functions of its own.
        if 'collate_fn' not in (cfg.get('test_dataloader') or {}):
            return pseudo_collate
        return super()._init_collate(cfg)

    def _init_visualizer(self, cfg: Config) -> Any:
        with warnings.catch_warnings():
            # Nothing is written through backends, so none needs a folder.
            warnings.filterwarnings('ignore', message='Failed to add')
            return super()._init_visualizer(cfg)

    def _inputs_to_list(self, inputs: Any) -> list[Any]:
        items = list_inputs(inputs)
        found, self._depth = scaled(items)
        if self._keeps_depth:
            found = items
        elif self._depth < FULL:
            print_log(
                f'pictures of 16 bits have no value above {2**self._depth - 1}: they '
                f'are read as of {self._depth} bits',
                'current',
                level=logging.WARNING,
            )
        paths = [item for item in found if isinstance(item, str)]
        self._names = distinct_names(paths)
        self._file_names = Counter(Path(path).name for path in self._names)
        self._skips_broken = isinstance(inputs, str | Path) and osp.isdir(inputs)
        if self._skips_broken and self.only is not None:
            only = set(self.only)
            return [path for path in found if path in only]
        return found

    def _init_pipeline(self, cfg: Config) -> Compose:
        pipeline = super()._init_pipeline(cfg)
        for step in pipeline.transforms:
            if isinstance(step, InferencerLoader):
                self._loads_colours, self._keeps_depth = _kinds_of(step.from_file)
                step.from_file = partial(self._load_file, step.from_file)
        return pipeline

    def _load_file(
        self, load: Callable[[dict], dict], results: dict[str, Any]
    ) -> dict[str, Any]:
        """Load a file as in training, but colours without the bits it does not use."""
        results = load(results)
        if self._loads_colours:
            values = self._scaled_file(results['img_path'])
            if values is not None:
                results['img'] = values.astype(results['img'].dtype)
        return results

    def _scaled_file(self, path: str) -> np.ndarray | None:
        """A file of 16 bits that uses less, as uint8 in BGR; None for any other."""
        values = deep_values(path) if self._depth < FULL else None
        return None if values is None else upper_bits(values, self._depth)

    def _get_chunk_data(self, inputs: Iterable, chunk_size: int) -> Iterator[list]:
        """Batches of pairs of an input and what the pipeline makes of it."""
        size, loaded = _batch_size(chunk_size), self._loaded(inputs)
        while batch := list(islice(loaded, size)):
            yield batch

    def _loaded(self, inputs: Iterable) -> Iterator[tuple[Any, dict]]:
        is_empty = True
        for item in inputs:
            source = item.get('img', item.get('img_path')) if _is_dict(item) else item
            try:
                data = self.pipeline(dict(item) if _is_dict(item) else item)
            except Exception as error:
                error = _named(source, error)
                if not self._skips_broken:
                    raise error from error.__cause__
                print_log(f'{error}; left out', 'current', level=logging.WARNING)
                continue
            is_empty = False
            yield source, data
        if is_empty and self._skips_broken and self.only is None:
            raise UserError('none of the images of the folder can be read')

    def visualize(
        self,
        inputs: Sequence[Any],
        preds: Sequence[DetDataSample],
        return_vis: bool = False,
        show: bool = False,
        wait_time: int = 0,
        draw_pred: bool = True,
        pred_score_thr: float = 0.3,
        no_save_vis: bool = False,
        img_out_dir: str = '',
        **kwargs: Any,
    ) -> list[np.ndarray] | None:
        """Paint the detections as MMDetection does; see there.

        Images of one name in several folders do not overwrite each other, and arrays
        keep their colours.

        Args:
            inputs: paths or arrays in BGR.
            preds: of each image.
            return_vis: whether pictures are returned.
            show: whether they are shown in a window.
            wait_time: seconds each of them is shown.
            draw_pred: whether detections are painted.
            pred_score_thr: those of lower scores are not.
            no_save_vis: whether they are not written.
            img_out_dir: pictures go to ``vis`` in it; '' to write none.
            kwargs: as MMDetection's takes them.

        Returns:
            Pictures (h, w, 3) in RGB, or None where nothing was painted.
        """
        saves = bool(img_out_dir) and not no_save_vis
        first = self.num_visualized_imgs
        shown = [self._shown(x) for x in inputs]
        pictures = super().visualize(
            shown,
            preds,
            return_vis or saves,
            show,
            wait_time,
            draw_pred,
            pred_score_thr,
            **kwargs,
        )
        for number, (source, picture) in enumerate(
            zip(inputs, pictures or (), strict=False), first
        ):
            if saves:
                name = self._picture_name(source, number)
                path = osp.join(img_out_dir, 'vis', name)
                mmcv.imwrite(picture[..., ::-1], path)
        return pictures

    def _shown(self, source: str | np.ndarray) -> str | np.ndarray:
        pixels = self._scaled_file(source) if isinstance(source, str) else source
        if pixels is None:
            return source
        return upper_bits(pixels, self._depth)[..., ::-1]

    def _picture_name(self, source: Any, number: int) -> str:
        if not isinstance(source, str):
            return f'{number:08d}.jpg'
        file = Path(source)
        is_alone = self._file_names[file.name] == 1
        return file.name if is_alone else self._names[source] + file.suffix

    def pred2dict(self, data_sample: DetDataSample, pred_out_dir: str = '') -> dict:
        """The prediction of an image as plain data; see MMDetection's.

        Args:
            data_sample: of the model.
            pred_out_dir: it is also written to ``preds`` in it; '' to write nothing.

        Returns:
            ``bboxes``, ``scores``, ``labels``, ``class_names`` and perhaps ``masks``.
        """
        path = data_sample.get('img_path')
        if 'pred_panoptic_seg' in data_sample:
            return super().pred2dict(data_sample, pred_out_dir)
        result = super().pred2dict(data_sample)
        classes = self.model.dataset_meta['classes']
        labels = result.get('labels', ())
        result['class_names'] = [str(classes[label]) for label in labels]
        if pred_out_dir:
            name = self._names[path] if path else str(self.num_predicted_imgs)
            self.num_predicted_imgs += not path
            mmengine.dump(result, osp.join(pred_out_dir, 'preds', f'{name}.json'))
        return result


def _is_dict(item: Any) -> bool:
    """Whether MMDetection has added a text for the model to an input."""
    return isinstance(item, dict)


def _kinds_of(loader: Any) -> tuple[bool, bool]:
    """Whether a loader of files gives 8 bits in BGR, and whether it keeps 16 bits."""
    color_type = getattr(loader, 'color_type', None)
    backend = getattr(loader, 'imdecode_backend', None)
    keeps_depth = color_type == 'unchanged' or backend == 'tifffile'
    return color_type == 'color' and backend == 'cv2', keeps_depth


def _batch_size(size: Any) -> int:
    try:
        number = 0 if isinstance(size, bool) else operator.index(size)
    except TypeError:
        number = 0
    if number < 1:
        raise UserError(f'batch_size must be an integer above 0, got {size!r}')
    return number


def _named(source: Any, error: Exception) -> UserError:
    name = source if isinstance(source, str) else 'the array'
    reason = ' '.join(str(error).split()) or type(error).__name__
    named = UserError(f'image {name} cannot be read: {type(error).__name__}: {reason}')
    named.__cause__ = error
    return named


def _name_classes(
    model: nn.Module, checkpoint: dict[str, Any], cfg: Config | None
) -> None:
    """Give a checkpoint without names of classes those of the config's data.

    MMDetection takes the names of COCO. Where the config's are not as many as the
    model's classes, they are numbers.
    """
    meta = checkpoint.setdefault('meta', {})
    if 'dataset_meta' in meta or 'CLASSES' in meta:
        return
    stated = (getattr(module, 'num_classes', None) for module in model.modules())
    counts = {count for count in stated if isinstance(count, int)}
    dataset = (cfg or {}).get('test_dataloader', {}).get('dataset')
    names = _classes_of(dataset) if dataset else ()
    if len(names) not in counts and counts:
        names = tuple(f'class {number}' for number in range(max(counts)))
    if names:
        meta['dataset_meta'] = dict(classes=tuple(names))
        shown = ', '.join(names[:3])
        print_log(
            f'the checkpoint names no classes; those of the config: {shown}, ...',
            'current',
            level=logging.WARNING,
        )


def _classes_of(dataset: dict[str, Any]) -> Sequence[str]:
    built = DATASETS.build({**dataset, 'lazy_init': True})
    return tuple(built.metainfo.get('classes') or ())


def _carried_config(weights: str) -> Config:
    # The refusal of a config that would run code is more than a warning here.
    checkpoint = CheckpointLoader.load_checkpoint(weights, map_location='cpu')
    config = config_of(checkpoint)
    if config is None or 'model' not in config:
        raise UserError(
            f'{weights} carries no config that can be read as data: name the model '
            'too, model=CONFIG'
        )
    return config
