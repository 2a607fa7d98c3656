"""Time the custom ops against the same result composed of stock PyTorch ops, in one run.

    python tools/analysis_tools/benchmark_ops.py [--rois 512] [--channels 256]

Prints one table: median seconds, the ratio composition / ours, and the growth of the
process's peak memory while each ran.
"""

import argparse
import statistics
import threading
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from mmdet_plus.ops import deform_roi_align, is_compiled, local_importance_pool2d
from mmdet_plus.ops.deform_roi_align import deform_roi_align_reference

Operation = Callable[..., Tensor]


def composed_pool(input: Tensor, logits: Tensor) -> Tensor:
    """Local importance pooling as its authors compose it."""
    weights = logits.exp()
    return F.avg_pool2d(input * weights, 3, 2, 1) / F.avg_pool2d(weights, 3, 2, 1)


def composed_align(input: Tensor, rois: Tensor, offset: Tensor) -> Tensor:
    """grid_sample at the moved sample points, then their average."""
    return deform_roi_align_reference(input, rois, offset, (14, 14), 1 / 8, 2, 0.1)


def fused_align(input: Tensor, rois: Tensor, offset: Tensor) -> Tensor:
    return deform_roi_align(input, rois, offset, output_size=14, spatial_scale=1 / 8)


def random_rois(num_rois: int, size: int) -> Tensor:
    corners = torch.rand(num_rois, 2) * size * 0.7
    extents = (torch.rand(num_rois, 2) * 0.25 + 0.03) * size
    return torch.cat([torch.zeros(num_rois, 1), corners, corners + extents], dim=1)


def run(operation: Operation, inputs: Sequence[Tensor], backward: bool) -> None:
    leaves = [
        x.detach().requires_grad_(backward and i != 1) for i, x in enumerate(inputs)
    ]
    if len(inputs) == 2:  # both inputs of the pooling are differentiable
        leaves = [x.detach().requires_grad_(backward) for x in inputs]
    output = operation(*leaves)
    if backward:
        output.sum().backward()


def resident_bytes() -> int:
    with open('/proc/self/statm') as statm:
        return int(statm.read().split()[1]) * 4096


def peak_growth(work: Callable[[], None]) -> float:
    """MiB that the resident memory of the process grew by while ``work`` ran."""
    start = peak = resident_bytes()
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.001):
            peak = max(peak, resident_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    work()
    done.set()
    watcher.join()
    return (peak - start) / 2**20


def compare(ours: Operation, composed: Operation, inputs, backward: bool, runs: int):
    """Median seconds and MiB of both, measured in turns so that noise hits them alike."""
    seconds: dict[Operation, list[float]] = {ours: [], composed: []}
    for i in range(runs + 1):
        for operation in (ours, composed):
            start = time.perf_counter()
            run(operation, inputs, backward)
            if i > 0:  # the first warms up
                seconds[operation].append(time.perf_counter() - start)
    medians = [statistics.median(seconds[op]) for op in (ours, composed)]
    memory = [peak_growth(lambda op=op: run(op, inputs, backward)) for op in seconds]
    return *medians, *memory


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rois', type=int, default=512)
    parser.add_argument('--channels', type=int, default=256)
    parser.add_argument('--runs', type=int, default=10)
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    args = parser.parse_args(argv)
    if not is_compiled():
        raise SystemExit('The ops are not compiled: run `make install`.')
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    n, c = args.rois, args.channels
    feature = torch.randn(1, c, 100, 100)
    align = (feature, random_rois(n, 800), torch.randn(n, 2, 14, 14))
    pool = (torch.randn(n, c, 14, 14), 12 * torch.rand(n, c, 14, 14))
    print(
        f'{n} RoIs x {c} channels, float32, {args.threads} threads, torch '
        f'{torch.__version__}, median of {args.runs}'
    )
    print('| op | pass | ours s | composed s | ratio | ours MiB | composed MiB |')
    print('| --- | --- | --- | --- | --- | --- | --- |')
    for name, ours, composed, inputs in (
        ('deform_roi_align', fused_align, composed_align, align),
        ('local_importance_pool2d', local_importance_pool2d, composed_pool, pool),
    ):
        for backward in (False, True):
            a, b, ours_mib, composed_mib = compare(
                ours, composed, inputs, backward, args.runs
            )
            label = 'forward + backward' if backward else 'forward'
            print(
                f'| {name} | {label} | {a:.3f} | {b:.3f} | {b / a:.1f} | '
                f'{ours_mib:.0f} | {composed_mib:.0f} |'
            )


if __name__ == '__main__':
    main()
