"""D2Det, CPM R-CNN, DCR, RefineDet and Double-Head R-CNN for MMDetection.

Importing this package registers its components; see ``docs/get_started.md``.
Without any part of OpenMMLab only ``mmdet_plus.deploy.OnnxDetector`` works.
"""

from .host_versions import check_host_versions, is_any_host_installed, without_noise
from .version import __version__

# Where only exported models run there is nothing to register with.
if is_any_host_installed():
    with without_noise():
        check_host_versions()
        from . import datasets, engine, evaluation, models, zoo

__all__ = ['__version__', 'datasets', 'engine', 'evaluation', 'models', 'zoo']
