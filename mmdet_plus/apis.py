"""What user code calls."""

from typing import Any

from mmdet.apis import DetInferencer as MMDetInferencer
from mmengine.config import Config
from torch import nn

from .errors import UserError
from .zoo import find_entry, load_index, use_safe_loading
from .zoo.index import SCHEME
from .zoo.matching import check_match


class DetInferencer(MMDetInferencer):
    """``mmdet.apis.DetInferencer`` that knows the models of our zoo by name.

    Used as MMDetection's::

        DetInferencer(model='d2det_tiny_shapes')('image.jpg', out_dir='out')

    ``model`` is the name of a model of this package, which brings its weights, or of
    MMDetection, or the path of a config. Weights of another model are refused.

    Args:
        args: as MMDetection's takes them.
        unsafe_load: load checkpoints that hold more than weights. False refuses them,
            from here on for all that MMEngine loads in this process.
        kwargs: as MMDetection's takes them.
    """

    def __init__(self, *args: Any, unsafe_load: bool = False, **kwargs: Any) -> None:
        use_safe_loading(unsafe=unsafe_load)
        super().__init__(*args, **kwargs)

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
