"""A runner that notes whether it has begun, and refuses data without an image."""

from typing import Any

from mmengine.runner import BaseLoop
from torch.utils.data import DataLoader

from ..errors import UserError
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
        return _with_images(super().build_train_loop(loop), 'train_dataloader')

    def build_val_loop(self, loop: BaseLoop | dict[str, Any]) -> BaseLoop:
        """The validation loop; see ``build_train_loop``."""
        return _with_images(super().build_val_loop(loop), 'val_dataloader')

    def build_test_loop(self, loop: BaseLoop | dict[str, Any]) -> BaseLoop:
        """The test loop; see ``build_train_loop``."""
        return _with_images(super().build_test_loop(loop), 'test_dataloader')


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
