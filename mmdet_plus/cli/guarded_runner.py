"""A runner that notes whether it has begun, and refuses data without an image."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.runner import BaseLoop
from torch.utils.data import DataLoader

from ..errors import UserError
from .error_reporting import message_of
from .short_screen import ShortScreenRunner

BEGINNINGS = ('before_train_iter', 'before_val_iter', 'before_test_iter')


class GuardedRunner(ShortScreenRunner):
    """The runner of the tools.

    Attributes:
        has_begun: whether there was an iteration, whose results are worth keeping.
    """

    has_begun = False

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """Call the hooks; see ``Runner``."""
        self.has_begun |= fn_name in BEGINNINGS
        super().call_hook(fn_name, **kwargs)

    def build_train_loop(self, loop: BaseLoop | dict[str, Any]) -> BaseLoop:
        """The training loop; raise ``UserError`` where it has nothing to train on."""
        with _errors_of('train_cfg or train_dataloader'):
            built = super().build_train_loop(loop)
        return _with_images(built, 'train_dataloader')

    def build_val_loop(self, loop: BaseLoop | dict[str, Any]) -> BaseLoop:
        """The validation loop; see ``build_train_loop``."""
        with _errors_of('val_cfg, val_dataloader or val_evaluator'):
            built = super().build_val_loop(loop)
        return _with_images(built, 'val_dataloader')

    def build_test_loop(self, loop: BaseLoop | dict[str, Any]) -> BaseLoop:
        """The test loop; see ``build_train_loop``."""
        with _errors_of('test_cfg, test_dataloader or test_evaluator'):
            built = super().build_test_loop(loop)
        return _with_images(built, 'test_dataloader')

    def build_optim_wrapper(self, optim_wrapper: Any) -> Any:
        """The optimizer; raise ``UserError`` for settings that it cannot have."""
        with _errors_of('optim_wrapper'):
            return super().build_optim_wrapper(optim_wrapper)

    def build_param_scheduler(self, scheduler: Any) -> Any:
        """The schedules; see ``build_optim_wrapper``."""
        with _errors_of('param_scheduler'):
            return super().build_param_scheduler(scheduler)

    def _init_model_weights(self) -> None:
        with _errors_of('the model with its init_cfg'):
            super()._init_model_weights()


@contextmanager
def _errors_of(key: str) -> Iterator[None]:
    """Whatever is raised while a part is built is the user's to repair."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f'{key} cannot be built: {message_of(error)}') from error


def _with_images(loop: BaseLoop, key: str) -> BaseLoop:
    loader = loop.dataloader
    if not isinstance(loader, DataLoader) or not hasattr(loader.dataset, '__len__'):
        return loop
    count = len(loader.dataset)
    if not count:
        raise UserError(
            f'{key}.dataset is empty: its filter_cfg (images smaller than min_size, '
            'images without objects) or its indices leave no image'
        )
    if not len(loader):
        raise UserError(
            f'{key} has no batch: with drop_last, {count} images are fewer than '
            f'batch_size {loader.batch_size}'
        )
    return loop
