"""Saves checkpoints so that there is always a whole one."""

from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from mmdet.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from ...errors import UserError
from ...whole_files import remove_parts, written_whole

LOCK = '.training.lock'


class _KeepingBackend:
    """A file backend that notes what to remove instead of removing it."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self.outdated: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        self.outdated.append(path)

    rmtree = remove


@HOOKS.register_module()
class WholeCheckpointHook(CheckpointHook):
    """``CheckpointHook`` that removes the old file once the new one is whole.

    MMEngine removes first: a training that is killed while it saves may be left with no
    checkpoint. Files themselves are written whole by ``WholeFileBackend``. The hook
    also keeps a second training out of a work directory that one is running in.

    Arguments are those of ``CheckpointHook``.
    """

    file_backend: Any

    def before_train(self, runner: Runner) -> None:
        """Take the work directory; clear away what a killed training left there."""
        if is_main_process():
            self._lock = _take(Path(runner.work_dir))
        super().before_train(runner)
        if is_main_process() and Path(self.out_dir).is_dir():
            remove_parts(self.out_dir, '*')

    def after_train(self, runner: Runner) -> None:
        """Give the work directory back."""
        super().after_train(runner)
        self.release()

    def release(self) -> None:
        """Give the work directory back, if this hook has taken it."""
        lock = getattr(self, '_lock', None)
        if lock is not None:
            lock.release()
            Path(lock.lock_file).unlink(missing_ok=True)
            self._lock = None

    def _save_checkpoint_with_step(
        self, runner: Runner, step: int, meta: dict[str, Any]
    ) -> None:
        outdated = self._note_step(runner, step)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if not is_main_process():
            return
        with written_whole(Path(runner.work_dir) / 'last_checkpoint') as part:
            part.write_text(self.last_ckpt)
        for old in outdated:
            name = self.filename_tmpl.format(old)
            _remove(self.file_backend, self.file_backend.join_path(self.out_dir, name))

    def _note_step(self, runner: Runner, step: int) -> list[int]:
        """The steps whose checkpoints are to go once that of ``step`` is there."""
        if self.max_keep_ckpts <= 0:
            return []
        kept = [*(s for s in self.keep_ckpt_ids if s != step), step]
        outdated, kept = kept[: -self.max_keep_ckpts], kept[-self.max_keep_ckpts :]
        self.keep_ckpt_ids.clear()
        self.keep_ckpt_ids.extend(kept)
        runner.message_hub.update_info('keep_ckpt_ids', kept)
        return outdated

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, Any]) -> None:
        backend = self.file_backend
        self.file_backend = keeping = _KeepingBackend(backend)
        try:
            super()._save_best_checkpoint(runner, metrics)
        finally:
            self.file_backend = backend
        current = {self.last_ckpt, getattr(self, 'best_ckpt_path', None)}
        current.update(getattr(self, 'best_ckpt_path_dict', {}).values())
        for path in keeping.outdated:
            if path not in current:
                _remove(backend, path)


def _remove(backend: Any, path: str) -> None:
    if backend.isfile(path):
        backend.remove(path)
    elif backend.isdir(path):  # DeepSpeed saves folders
        backend.rmtree(path)


def _take(work_dir: Path) -> FileLock | None:
    lock = FileLock(work_dir / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f'another training is running in {work_dir}: give this one a folder of its '
            'own with --work-dir'
        ) from None
    except (OSError, NotImplementedError):  # a file system without locks
        return None
    return lock
