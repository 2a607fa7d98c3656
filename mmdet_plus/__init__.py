"""D2Det, CPM R-CNN, DCR, RefineDet and Double-Head R-CNN for MMDetection.

Importing this package registers its components; see ``docs/get_started.md``.
"""

from .host_versions import check_host_versions, without_noise
from .version import __version__

with without_noise():
    check_host_versions()
    from . import datasets, engine, evaluation, models, zoo

__all__ = ['__version__', 'datasets', 'engine', 'evaluation', 'models', 'zoo']
