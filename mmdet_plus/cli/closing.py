"""Says at the end of a training where its checkpoints are and what to run next."""

from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.runner import Runner

from ..tool_names import tool_command


def train_and_tell(runner: Runner) -> None:
    """Train, and print the closing lines in the first process."""
    runner.train()
    if is_main_process():
        print('\n'.join(closing_lines(runner)))


def closing_lines(runner: Runner) -> list[str]:
    """The last and the best checkpoint, and the command that tests one of them."""
    info = runner.message_hub.runtime_info
    last, best = (_present(info.get(key)) for key in ('last_ckpt', 'best_ckpt'))
    lines = [f'last checkpoint: {last}'] if last else []
    lines += [f'best checkpoint: {best}'] if best else []
    name = runner.cfg.filename
    config = Path(runner.work_dir) / Path(name).name if name else None
    if lines and config is not None:
        lines.append(f'next: {tool_command("test.py")} {config} {best or last}')
    return lines


def _present(path: str | None) -> str | None:
    """The path, unless nothing is there: a resumed checkpoint tells where it was."""
    return path if path and ('://' in path or Path(path).exists()) else None
