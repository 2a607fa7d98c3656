"""Keeps what belongs into the log file off the screen."""

import logging
from typing import Any

from mmengine.logging import MMLogger
from mmengine.runner import Runner

# How long blocks begin that MMEngine logs before a run: environment, config, hooks.
LONG = ('\n' + '-' * 60, 'Config:\n', 'Hooks will be executed')


class ShortScreenRunner(Runner):
    """``Runner`` whose screen has one page before a run, and whose log file has all."""

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """A logger that writes long blocks to its file only; see ``Runner``."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if isinstance(handler, logging.FileHandler):
                logger.info(f'environment, config and hooks: {handler.baseFilename}')
            else:
                handler.addFilter(_is_short)
        return logger


def _is_short(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith(LONG)
