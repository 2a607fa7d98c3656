"""Where the time, the operations and the memory of a detector go, part by part."""

import contextlib
import ctypes
import gc
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import torch
from mmdet.models.detectors import BaseDetector
from torch import Tensor, nn

from ...whole_files import written_whole
from .timing import now

REST = 'rest'
# Not called themselves: their parts are.
OWNERS = ('roi_head', 'detector', 'base', 'refiner', 'tail')


@dataclass
class Cost:
    """Of a part of a detector, for one batch.

    Attributes:
        seconds: inside the part.
        macs: multiplications of convolutions and linear layers.
        calls: how often the part ran.
    """

    seconds: float = 0.0
    macs: int = 0
    calls: int = 0


def parts_of(model: BaseDetector) -> dict[str, nn.Module]:
    """The parts that are measured: components, and those of RoI heads and wrappers."""
    parts: dict[str, nn.Module] = {}
    for name, child in model.named_children():
        if name == 'data_preprocessor':
            continue
        if name in OWNERS or isinstance(child, nn.ModuleList):
            parts.update({f'{name}.{n}': part for n, part in parts_of(child).items()})
        elif not name.startswith('loss'):
            parts[name] = child
    return parts


def profile(
    model: BaseDetector, inputs: Tensor, samples: list, runs: int = 10
) -> dict[str, Cost]:
    """Mean cost of each part in a prediction; what no part did is ``'rest'``.

    The rest is decoding, non-maximum suppression, pasting of masks, and what runs
    between the parts.

    Args:
        model: in evaluation mode.
        inputs: images (B, 3, H, W).
        samples: their meta information.
        runs: predictions that are measured, after one that is not.
    """

    def predict() -> None:
        model.predict(inputs, samples, rescale=False)

    with torch.no_grad():
        predict()
        with watch_parts(model, inputs.device) as costs:
            start = now(inputs.device)
            for _ in range(runs):
                predict()
            total = now(inputs.device) - start
    inside = sum(cost.seconds for cost in costs.values())
    costs[REST] = Cost(total - inside, calls=runs)
    return {
        name: Cost(cost.seconds / runs, cost.macs // runs, cost.calls // runs)
        for name, cost in costs.items()
    }


@contextmanager
def watch_parts(model: BaseDetector, device: torch.device) -> Iterator[dict[str, Cost]]:
    """Add up the costs of each part, see ``parts_of``, as long as the context lasts."""
    costs: dict[str, Cost] = {}
    hooks = []
    for name, part in parts_of(model).items():
        cost = costs[name] = Cost()
        hooks += _time_calls(part, cost, device)
        hooks += _count_macs(part, cost)
    try:
        yield costs
    finally:
        for hook in hooks:
            hook.remove()


def _time_calls(part: nn.Module, cost: Cost, device: torch.device) -> list:
    starts: list[float] = []

    def begin(module: nn.Module, inputs: tuple) -> None:
        starts.append(now(device))

    def end(module: nn.Module, inputs: tuple, outputs: object) -> None:
        cost.seconds += now(device) - starts.pop()
        cost.calls += 1

    return [part.register_forward_pre_hook(begin), part.register_forward_hook(end)]


def _count_macs(part: nn.Module, cost: Cost) -> list:
    def count(module: nn.Module, inputs: tuple, outputs: Tensor) -> None:
        cost.macs += macs_of(module, inputs[0], outputs)

    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    layers = [layer for layer in part.modules() if isinstance(layer, kinds)]
    return [layer.register_forward_hook(count) for layer in layers]


def macs_of(layer: Any, inputs: Tensor, outputs: Tensor) -> int:
    """Multiplications of a linear layer or a convolution, transposed or not."""
    weight = layer.weight
    if isinstance(layer, nn.ConvTranspose2d):
        return inputs.numel() * weight[0].numel()
    return outputs.numel() * weight[0].numel()


def cost_table(costs: dict[str, Cost]) -> str:
    """A row for each part that ran, in markdown."""
    total = sum(cost.seconds for cost in costs.values())
    rows = ['| part | calls | ms | share | GMAC |', '|' + ' --- |' * 5]
    for name, cost in costs.items():
        if cost.calls:
            share = f'{100 * cost.seconds / total:.0f} %'
            rows.append(
                f'| {name} | {cost.calls} | {1000 * cost.seconds:.1f} | {share} | '
                f'{cost.macs / 1e9:.2f} |'
            )
    macs = sum(cost.macs for cost in costs.values())
    rows.append(f'| all | | {1000 * total:.1f} | 100 % | {macs / 1e9:.2f} |')
    return '\n'.join(rows)


def plot_costs(costs: dict[str, Cost], path: Path) -> None:
    """Draw the seconds and the operations of the parts beside each other."""
    shown = {name: cost for name, cost in costs.items() if cost.calls}
    size = (10, 1 + 0.35 * len(shown))
    figure, (left, right) = plt.subplots(1, 2, sharey=True, figsize=size)
    left.barh(list(shown), [1000 * cost.seconds for cost in shown.values()])
    left.set_xlabel('ms')
    left.invert_yaxis()
    right.barh(list(shown), [cost.macs / 1e9 for cost in shown.values()])
    right.set_xlabel('GMAC')
    figure.tight_layout()
    with written_whole(path) as part:
        figure.savefig(part, dpi=120)
    plt.close(figure)


def peak_growth(work: Callable[[], object]) -> float:
    """MiB that the process's resident memory grew by while ``work`` ran (Linux)."""
    _return_freed_memory()
    start = peak = _resident_bytes()
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.001):
            peak = max(peak, _resident_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return (peak - start) / 2**20


def _return_freed_memory() -> None:
    """Else work would grow into what earlier work left in the heap, unseen."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):  # of the GNU C library alone
        ctypes.CDLL(None).malloc_trim(0)


def _resident_bytes() -> int:
    with open('/proc/self/statm') as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()
