"""D2Det, CPM R-CNN, DCR, RefineDet and Double-Head R-CNN for MMDetection.

Importing this package registers its components; see ``docs/get_started.md``.
"""

from .host_versions import check_host_versions
from .version import __version__

check_host_versions()

from . import datasets, engine, evaluation, models, zoo  # noqa: E402

__all__ = ['__version__', 'datasets', 'engine', 'evaluation', 'models', 'zoo']
