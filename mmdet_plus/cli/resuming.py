"""Where a training starts: anew, from other weights, or from its own checkpoint."""

import re
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader

from ..errors import UserError
from ..zoo.file_checks import check_checkpoint_file

NUMBERED = re.compile(r'(epoch|iter)_(\d+)\.pth')
POINTER = 'last_checkpoint'


def resume_newest(cfg: Config) -> list[str]:
    """Make a training go on from the newest whole checkpoint of its work directory.

    Without one it starts from what ``load_from`` says, or from the beginning.

    Args:
        cfg: the whole config, with ``work_dir``; changed in place.

    Returns:
        What to tell the user.

    Raises:
        UserError: there are checkpoints, but none is whole.
    """
    folder = checkpoint_folder(cfg)
    lines = []
    for path in newest_first(folder, Path(cfg.work_dir)):
        try:
            if not path.is_file():
                raise UserError(f'{path} does not exist')
            check_checkpoint_file(path)
        except UserError as error:
            lines.append(f'{error}; looking for an older one')
            continue
        cfg.resume, cfg.load_from = True, str(path)
        return [*lines, f'resuming from {path}']
    if lines:
        raise UserError(
            f'no checkpoint in {folder} is whole:\n  ' + '\n  '.join(lines) + '\nMove '
            'them away to train anew'
        )
    start = f'from the weights of {cfg.load_from}' if cfg.get('load_from') else 'anew'
    cfg.resume = False
    return [f'{folder} holds no checkpoint to resume from: training starts {start}']


def checkpoint_folder(cfg: Config) -> Path:
    """Where MMEngine's checkpoint hook writes to."""
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    work_dir = Path(cfg.work_dir)
    return Path(hook['out_dir']) / work_dir.name if hook.get('out_dir') else work_dir


def newest_first(folder: Path, work_dir: Path) -> list[Path]:
    """Checkpoints of a training, also the one that ``last_checkpoint`` names.

    Args:
        folder: where they are.
        work_dir: where ``last_checkpoint`` is.
    """
    found = numbered_checkpoints(folder)
    pointer = work_dir / POINTER
    named = pointer.read_text().strip() if pointer.is_file() else ''
    kind = _kind(Path(named)) if named else None
    if kind is None and found:
        kind = _kind(max(found, key=lambda path: path.stat().st_mtime_ns))
    found.sort(key=lambda path: (_kind(path) == kind, _number(path)), reverse=True)
    # A name of its own, by `filename_tmpl`, is known by the pointer only.
    is_extra = bool(named) and NUMBERED.fullmatch(Path(named).name) is None
    return [*([Path(named)] if is_extra else []), *found]


def numbered_checkpoints(folder: Path) -> list[Path]:
    """Files of a folder that are called as MMEngine calls checkpoints."""
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if NUMBERED.fullmatch(path.name)]


def check_resumable(cfg: Config) -> list[str]:
    """Look into the checkpoint that a training will go on from.

    Args:
        cfg: the whole config, with ``resume`` and ``load_from``.

    Returns:
        What to tell the user: which states it lacks, or that the training is finished
        already.

    Raises:
        UserError: it is not of a training.
    """
    path = cfg.load_from
    checkpoint = CheckpointLoader.load_checkpoint(path, 'cpu', logger='silent')
    meta = checkpoint.get('meta') or {}
    missing = {'meta.epoch', 'meta.iter'} - {f'meta.{key}' for key in meta}
    missing |= {'message_hub'} - checkpoint.keys()
    if missing:
        raise UserError(
            f'{path} cannot be resumed: it has no {", ".join(sorted(missing))}. To '
            f'start from its weights: --cfg-options load_from={path}'
        )
    return [*_not_kept(cfg, path, checkpoint), *_finished(cfg, path, meta)]


def refuse_second_training(cfg: Config, *, overwrite: bool) -> None:
    """Keep a new training from mixing its checkpoints with those of an older one.

    Args:
        cfg: the whole config, with ``work_dir``.
        overwrite: remove the older ones.

    Raises:
        UserError: the work directory has checkpoints.
    """
    found = numbered_checkpoints(checkpoint_folder(cfg))
    if found and not overwrite:
        newest = max(found, key=_number)
        raise UserError(
            f'{newest.parent} holds checkpoints of another training ({newest.name}): '
            'go on with it by --resume, take another folder with --work-dir, or remove '
            'them with --overwrite'
        )
    for path in [*found, Path(cfg.work_dir) / POINTER]:
        path.unlink(missing_ok=True)


def _not_kept(cfg: Config, path: str, checkpoint: dict[str, Any]) -> list[str]:
    # MMEngine begins these anew without a word.
    wanted = dict(
        optimizer='the optimizer, whose momentum begins anew',
        param_schedulers='the schedule, whose learning rate begins as at the start',
    )
    if not cfg.get('param_scheduler'):
        del wanted['param_schedulers']
    return [
        f'warning: {path} does not hold the state of {what}'
        for key, what in wanted.items()
        if key not in checkpoint
    ]


def _finished(cfg: Config, path: str, meta: dict[str, Any]) -> list[str]:
    loop = cfg.get('train_cfg') or {}
    for unit, name in (('epoch', 'max_epochs'), ('iter', 'max_iters')):
        done, wanted = meta[unit], loop.get(name)
        if isinstance(wanted, int) and done >= wanted:
            return [
                f'this training is finished: {path} is of {unit} {done} of {wanted}. '
                f'To train on, set train_cfg.{name} higher'
            ]
    return []


def _kind(path: Path) -> str | None:
    match = NUMBERED.fullmatch(path.name)
    return match and match[1]


def _number(path: Path) -> int:
    match = NUMBERED.fullmatch(path.name)
    return int(match[2]) if match else -1
