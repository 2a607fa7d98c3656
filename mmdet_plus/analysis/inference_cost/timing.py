"""Times that can be compared: several things in turns, so that noise is shared."""

import statistics
import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

import torch

Key = TypeVar('Key', bound=Hashable)


def now(device: torch.device | str = 'cpu') -> float:
    """Seconds of a clock, after what the device still has to do."""
    if torch.device(device).type == 'cuda':
        torch.cuda.synchronize(device)
    return time.perf_counter()


def median_seconds(
    tasks: Mapping[Key, Callable[[], object]],
    runs: int,
    device: torch.device | str = 'cpu',
) -> dict[Key, float]:
    """Median seconds of each task; they take turns, after one round to warm up.

    Args:
        tasks: what to time, by name.
        runs: timed rounds.
        device: where they work.
    """
    seconds: dict[Key, list[float]] = {key: [] for key in tasks}
    for i in range(runs + 1):
        for key, task in tasks.items():
            start = now(device)
            task()
            if i > 0:
                seconds[key].append(now(device) - start)
    return {key: statistics.median(own) for key, own in seconds.items()}
