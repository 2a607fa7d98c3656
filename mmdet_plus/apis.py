"""What user code calls."""

from typing import Any

from mmdet.apis import DetInferencer as MMDetInferencer
from mmengine.config import Config

from .zoo import load_index, use_safe_loading
from .zoo.index import SCHEME


class DetInferencer(MMDetInferencer):
    """``mmdet.apis.DetInferencer`` that knows the models of our zoo by name.

    Used as MMDetection's::

        DetInferencer(model='d2det_tiny_shapes')('image.jpg', out_dir='out')

    ``model`` is the name of a model of this package, which brings its weights, or of
    MMDetection, or the path of a config.

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
        if model in entries:
            return Config.fromfile(entries[model].config), f'{SCHEME}{model}'
        return super()._load_model_from_metafile(model)
