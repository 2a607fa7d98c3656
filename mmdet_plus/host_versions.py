"""Tells users what is missing from their OpenMMLab stack, and how to repair it."""

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple


class Host(NamedTuple):
    """A package that mmdet_plus stands on."""

    module: str
    minimum: str
    repair: str
    compiled_part: str = ''  # absent where the package was installed uncompiled


HOSTS = (
    Host('torch', '2.4', 'pip install torch==2.13.0'),
    Host('mmengine', '0.10', 'pip install onedl-mmengine==0.10.12'),
    Host('mmcv', '2.1', 'python tools/dev/install_mmcv.py', 'mmcv.ops'),
    Host('mmdet', '3.3', 'pip install onedl-mmdetection==3.5.1'),
)


# What MMDetection says when it is imported, of parts that nothing here needs.
NOISE = ('Could not import OneDL', 'faster_coco_eval is not installed')


def is_any_host_installed(find: Callable = find_spec) -> bool:
    """Whether some part of OpenMMLab is there, so that the rest can be asked for.

    Args:
        find: returns None for a module that is not there; exchanged in tests.
    """
    openmmlab = (host.module for host in HOSTS if host.module != 'torch')
    return any(find(module) is not None for module in openmmlab)


@contextlib.contextmanager
def without_noise() -> Iterator[None]:
    """Keep lines that help nobody out of what programs read from stdout."""
    printed = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(printed):
            for start in NOISE:
                warnings.filterwarnings('ignore', message=start)
            yield
    finally:
        for line in printed.getvalue().splitlines():
            if not line.startswith(NOISE):
                print(line)


def check_host_versions(import_host: Callable = import_module) -> None:
    """Raise ``ImportError`` naming the repairing command for the first unfit package.

    Args:
        import_host: returns the module of the given name; exchanged in tests.
    """
    # Here, because OnnxDetector does without it.
    from packaging.version import Version

    for host in HOSTS:
        try:
            found = import_host(host.module).__version__
            if host.compiled_part:
                import_host(host.compiled_part)
        except ImportError as error:
            raise ImportError(
                f'mmdet_plus needs {host.module} >= {host.minimum}, but importing it '
                f'failed: {error}. Repair: {host.repair}'
            ) from error
        if Version(found) < Version(host.minimum):
            raise ImportError(
                f'mmdet_plus needs {host.module} >= {host.minimum}, found {found}. '
                f'Repair: {host.repair}'
            )
