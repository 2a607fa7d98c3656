"""Silences what libraries say to their own developers during an export."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

LOGGERS = ('torch.onnx', 'torch.export', 'onnxscript', 'onnx_ir')


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings of libraries inside, but errors; afterwards all is as before."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
