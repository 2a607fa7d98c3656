"""Time how long Python takes to import the package and to show a tool's help.

    python tools/analysis_tools/benchmark_start.py [--runs 10]

Every start is a process of its own. Prints two tables: median seconds, and whose
modules take the time of ``import mmdet_plus``, without what those import in turn.
"""

import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mmdet_plus.cli.arguments import ToolParser, at_least
from mmdet_plus.cli.error_reporting import run_tool

TOOLS = Path(__file__).parents[1]
COMMANDS = {
    '`import torch`': ['-c', 'import torch'],
    '`import mmdet.models, mmdet.datasets`': [
        '-c',
        'import mmdet.models, mmdet.datasets',
    ],
    '`import mmdet_plus`': ['-c', 'import mmdet_plus'],
    '`tools/train.py --help`': [str(TOOLS / 'train.py'), '--help'],
}
MOST_ROWS = 12
LINE = re.compile(r'import time:\s+(\d+) \|\s+\d+ \|\s+(\w+)')


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--runs', type=at_least(1), default=10, help='starts of each command; 10'
    )
    return parser


def seconds_of(command: Sequence[str]) -> float:
    """Of a new process of this Python."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    return time.perf_counter() - start


def seconds_by_package() -> list[tuple[str, float]]:
    """What modules of each package take themselves, the most first."""
    command = [sys.executable, '-X', 'importtime', '-c', 'import mmdet_plus']
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds: Counter[str] = Counter()
    for microseconds, package in LINE.findall(done.stderr):
        seconds[package] += int(microseconds) / 1e6
    return seconds.most_common()


def benchmark(argv: Sequence[str] | None) -> None:
    """Parse the arguments, start everything in turns and print the tables."""
    args = build_parser().parse_args(argv)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for round_ in range(args.runs + 1):
        for name, command in COMMANDS.items():
            seconds = seconds_of(command)
            if round_:  # the first fills the cache of the disk
                times[name].append(seconds)
    print(f'median of {args.runs}\n\n| start | seconds |\n| --- | --- |')
    for name, own in times.items():
        print(f'| {name} | {statistics.median(own):.2f} |')
    packages = seconds_by_package()
    print('\n| package | seconds of its own modules |\n| --- | --- |')
    for name, seconds in packages[:MOST_ROWS]:
        print(f'| {name} | {seconds:.2f} |')
    if others := packages[MOST_ROWS:]:
        rest = sum(seconds for _, seconds in others)
        print(f'| {len(others)} others | {rest:.2f} |')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(benchmark, argv)


if __name__ == '__main__':
    sys.exit(main())
