"""A runner that notes whether it has begun, and refuses data without an image."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.dataset import InfiniteSampler
from mmengine.dist import is_main_process
from mmengine.runner import BaseLoop, EpochBasedTrainLoop
from torch.utils.data import DataLoader

from ..engine.hooks import WholeCheckpointHook
from ..errors import UserError
from .error_reporting import message_of
from .short_screen import ShortScreenRunner
from .unbegun_runs import Traces

BEGINNINGS = ('before_train_iter', 'before_val_iter', 'before_test_iter')


class GuardedRunner(ShortScreenRunner):
    """The runner of the tools; where it cannot be built, it leaves nothing behind.

    Attributes:
        has_begun: whether there was an iteration, whose results are worth keeping.
    """

    has_begun = False

    def __init__(self, model: Any, work_dir: str, **kwargs: Any) -> None:
        self._traces = Traces(work_dir)
        try:
            super().__init__(model, work_dir, **kwargs)
        except Exception:
            self.take_back()
            raise

    def take_back(self) -> None:
        """Remove what this run has written, and nothing else."""
        if not is_main_process():
            return
        for hook in getattr(self, '_hooks', ()):
            if isinstance(hook, WholeCheckpointHook):
                hook.release()
        self._traces.take_back()

    def setup_env(self, env_cfg: dict[str, Any]) -> None:
        """Set up processes and the time that names the logs; see ``Runner``."""
        super().setup_env(env_cfg)
        folder = Path(self.work_dir, self.timestamp)
        # Processes of a launcher share it; any of them may be the first there.
        if self.distributed or not folder.exists():
            self._traces.logs = folder

    def dump_config(self) -> None:
        """Write the config into the work directory; see ``Runner``."""
        name = self.cfg.filename or f'{self.timestamp}.py'
        with self._traces.config_written(Path(self.work_dir, Path(name).name)):
            super().dump_config()

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
    _check_first_batch(loop, key)
    return loop


def _check_first_batch(loop: BaseLoop, key: str) -> None:
    """Raise ``UserError`` where every epoch would be empty."""
    loader, sampler = loop.dataloader, loop.dataloader.sampler
    is_endless = isinstance(sampler, InfiniteSampler) or not hasattr(sampler, '__len__')
    if not isinstance(loop, EpochBasedTrainLoop) or not loader.drop_last or is_endless:
        return
    if len(sampler) < loader.batch_size:
        raise UserError(
            f'{key} has no batch: with drop_last, {len(sampler)} images for each '
            f'process are fewer than batch_size {loader.batch_size}'
        )
