"""Run on a GPU what machines without one cannot, and write a report.

    python tools/dev/gpu_check.py [--out docs/gpu_check.md]

Builds the CUDA kernels, tests them against those of the CPU and times them: this needs
PyTorch, pytest and nvcc alone. Where MMDetection is installed, the other CUDA tests,
the benchmark of detectors and an epoch of each tiny model in mixed precision follow.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch
from torch.utils.benchmark import Timer

ROOT = Path(__file__).resolve().parents[2]
TINY = (
    'd2det/d2det_tiny_shapes.py',
    'cpm_rcnn/cpm-rcnn_tiny_shapes.py',
    'dcr/faster-rcnn-dcrv2_tiny_shapes.py',
    'refinedet/refinedet320_tiny_shapes.py',
    'double_head/dh-ext-faster-rcnn_tiny_shapes.py',
)
KEPT_LINES = 40  # of what a step prints, in the report


class Step(NamedTuple):
    """A command of the check; ``{data}`` in it is a folder for files."""

    title: str
    command: str


OP_STEPS = (
    Step('Build the kernels', '{python} setup.py -q build_ext --inplace'),
    Step('Tests of the ops', '{python} -m pytest -q --noconftest tests/ops'),
    Step('Times of the ops', '{python} tools/dev/gpu_check.py --only-times'),
)
DETECTOR_STEPS = (
    Step('CUDA tests', "{python} -m pytest -q -m 'not slow' -k 'cuda or gpu' tests"),
    Step(
        'Times of the detectors',
        '{python} tools/analysis_tools/benchmark_inference.py --device cuda',
    ),
    Step(
        'Draw the shapes',
        '{python} tools/dataset_converters/make_shapes.py {data}/shapes',
    ),
    *(
        Step(
            f'Train {Path(name).stem} in mixed precision',
            f'{{python}} tools/train.py configs/{name} --data {{data}}/shapes '
            f'--epochs 1 --amp --work-dir {{data}}/{Path(name).stem}',
        )
        for name in TINY
    ),
)


class Outcome(NamedTuple):
    """Of a step that ran."""

    step: Step
    passed: bool
    seconds: float
    output: str


def run_step(step: Step, data: str) -> Outcome:
    """Run the command in the repository, printing what it prints."""
    print(f'[gpu-check] {step.title}', flush=True)
    words = [
        word.format(python=sys.executable, data=data)
        for word in shlex.split(step.command)
    ]
    started = time.monotonic()
    done = subprocess.run(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    print(done.stdout, flush=True)
    seconds = time.monotonic() - started
    return Outcome(step, done.returncode == 0, seconds, done.stdout)


def report(outcomes: Sequence[Outcome], machine: str) -> str:
    """The page: a table of the steps, then what each printed last."""
    lines = ['# GPU check', '', 'Written by `make gpu-check`.', '', machine, '']
    lines += ['| step | result | seconds |', '| --- | --- | --- |']
    for step, passed, seconds, _ in outcomes:
        verdict = 'passed' if passed else '**failed**'
        lines.append(f'| {step.title} | {verdict} | {seconds:.0f} |')
    for step, _, _, output in outcomes:
        command = step.command.format(python='python', data='/tmp/data')
        kept = output.strip().splitlines()[-KEPT_LINES:]
        lines += ['', f'## {step.title}', '', '```sh', command, '```', '']
        lines += ['```text', *kept, '```']
    return '\n'.join(lines) + '\n'


def describe_machine() -> str:
    """GPU, CUDA and versions, in a line."""
    name = torch.cuda.get_device_name()
    return f'{name}, CUDA {torch.version.cuda}, torch {torch.__version__}.'


def time_ops() -> str:
    """Milliseconds of our kernels and of the same composed of PyTorch's, as a table."""
    rows = ['| op | pass | ours ms | composed ms | ratio |', '|' + ' --- |' * 5]
    for name, (ours, composed), inputs in op_cases():
        for backward in (False, True):
            times = [_milliseconds(op, inputs, backward) for op in (ours, composed)]
            label = 'forward + backward' if backward else 'forward'
            cells = f'{times[0]:.3f} | {times[1]:.3f} | {times[1] / times[0]:.1f}'
            rows.append(f'| {name} | {label} | {cells} |')
    return '\n'.join(rows)


def op_cases(
    device: str = 'cuda', num_rois: int = 512
) -> list[tuple[str, tuple[Callable, Callable], list[torch.Tensor]]]:
    """Each op, ours and composed, with inputs of a D2Det head at 800 x 800."""
    from mmdet_plus.ops import deform_roi_align, local_importance_pool2d
    from mmdet_plus.ops.deform_roi_align import deform_roi_align_reference
    from mmdet_plus.ops.local_importance_pool2d import local_importance_pool2d_reference

    def ours(input: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
        return deform_roi_align(input, rois, offset, output_size=14, spatial_scale=0.1)

    def composed(input: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
        return deform_roi_align_reference(input, rois, offset, (14, 14), 0.1, 2, 0.1)

    corners = torch.rand(num_rois, 2) * 500
    extents = torch.rand(num_rois, 2) * 200 + 24
    index = torch.zeros(num_rois, 1)
    rois = torch.cat([index, corners, corners + extents], dim=1).to(device)
    level = torch.randn(1, 256, 80, 80, device=device, requires_grad=True)
    offset = torch.randn(num_rois, 2, 14, 14, device=device, requires_grad=True)
    pooled = torch.randn(num_rois, 256, 14, 14, device=device, requires_grad=True)
    logits = torch.randn(num_rois, 256, 14, 14, device=device, requires_grad=True)
    composed_pool = partial(
        local_importance_pool2d_reference,
        kernel_size=(3, 3),
        stride=(2, 2),
        padding=(1, 1),
    )
    pools = (local_importance_pool2d, composed_pool)
    return [
        ('deform_roi_align', (ours, composed), [level, offset]),
        ('local_importance_pool2d', pools, [pooled, logits]),
    ]


def _milliseconds(
    op: Callable, inputs: Sequence[torch.Tensor], backward: bool
) -> float:
    def work() -> None:
        with torch.set_grad_enabled(backward):
            output = op(*inputs)
        if backward:
            torch.autograd.grad(output.sum(), inputs)

    timer = Timer('work()', globals={'work': work})
    return timer.blocked_autorange(min_run_time=0.5).median * 1000


def main(argv: Sequence[str] | None = None) -> int:
    """Run all steps; 1 if one failed, 2 if there is no GPU."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--out', type=Path, default=ROOT / 'docs' / 'gpu_check.md', help='page'
    )
    parser.add_argument('--only-times', action='store_true', help='of the ops; print')
    args = parser.parse_args(argv)
    if not torch.cuda.is_available():
        print('gpu-check: torch sees no GPU; nothing was run', file=sys.stderr)
        return 2
    if args.only_times:
        print(time_ops())
        return 0
    steps = OP_STEPS + (DETECTOR_STEPS if find_spec('mmdet') else ())
    with tempfile.TemporaryDirectory() as data:
        outcomes = [run_step(step, data) for step in steps]
    args.out.write_text(report(outcomes, describe_machine()))
    print(f'[gpu-check] report: {args.out}')
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == '__main__':
    sys.exit(main())
