"""Makes ``zoo://NAME`` a place that MMEngine loads checkpoints from."""

from typing import Any

from mmengine.config.utils import MODULE2PACKAGE
from mmengine.runner.checkpoint import CheckpointLoader

from .index import SCHEME, find_entry
from .released_weights import fetch_weights
from .safe_loading import load_checkpoint_file


@CheckpointLoader.register_scheme(prefixes=SCHEME)
def load_from_zoo(filename: str, map_location: Any = None) -> Any:
    """Load the weights of a model of the zoo, downloaded where necessary.

    Args:
        filename: ``zoo://`` and the name of the model.
        map_location: as for ``torch.load``.
    """
    entry = find_entry(filename.removeprefix(SCHEME))
    return load_checkpoint_file(fetch_weights(entry), map_location)


# Lets `mmengine.hub.get_config('mmdet_plus::d2det/...')` find our configs.
MODULE2PACKAGE.setdefault('mmdet_plus', 'mmdet_plus')
