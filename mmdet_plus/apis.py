"""What user code calls."""

from pathlib import Path
from typing import Any

from mmdet.apis import DetInferencer as MMDetInferencer
from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from .errors import UserError
from .zoo import find_entry, load_index, unsafe_loading
from .zoo.config_texts import config_of
from .zoo.index import SCHEME
from .zoo.matching import check_match

__all__ = ['DetInferencer']


class DetInferencer(MMDetInferencer):
    """``mmdet.apis.DetInferencer`` that knows the models of our zoo by name.

    Used as MMDetection's::

        DetInferencer(model='d2det_tiny_shapes')('image.jpg', out_dir='out')

    ``model`` is the name of a model of this package, which brings its weights, or of
    MMDetection, or the path of a config. Weights of another model are refused.

    ``weights`` alone will do where the checkpoint carries its config, as those of
    training do; that is read as data, and refused if it holds more than settings.

    Args:
        model: name or config; None for the config that ``weights`` carries.
        weights: a checkpoint; None for those of a named model.
        args: as MMDetection's takes them.
        unsafe_load: load a checkpoint that holds more than weights, which can run any
            code. Holds for this detector only.
        kwargs: as MMDetection's takes them.
    """

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
        super()._load_weights_to_model(model, checkpoint, cfg)


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
