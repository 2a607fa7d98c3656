"""Run the commands of docs/benchmarks.md and write what they print below them.

    python tools/dev/write_benchmarks.py [--only WORDS]

A command is a ``sh`` block that is followed by ``<!-- measured -->``; what stands
between this and ``<!-- end -->`` is replaced. Nothing else should run meanwhile.
"""

import argparse
import datetime
import os
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'benchmarks.md'
# What libraries print before the results.
NOISE = ('Could not import', 'Loads checkpoint by')
BLOCK = re.compile(
    r'```sh\n(?P<command>[^`]+?)\n```\n\n<!-- measured -->\n.*?<!-- end -->', re.DOTALL
)


def processor() -> str:
    """The name of the CPU, and how many cores this process may use."""
    name = platform.processor() or platform.machine()
    listing = Path('/proc/cpuinfo')
    if listing.exists():
        found = re.search(r'model name\s*: (.+)', listing.read_text())
        name = found.group(1).strip() if found else name
    available = getattr(os, 'sched_getaffinity', None)
    cores = len(available(0)) if available else os.cpu_count()
    return f'{name}, {cores} cores'


def measure(command: str) -> str:
    """What the command prints; ``CalledProcessError`` if it fails."""
    words = shlex.split(command.replace('\\\n', ' '))
    words = [sys.executable if word == 'python' else word for word in words]
    done = subprocess.run(
        words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    lines = done.stdout.strip().splitlines()
    return '\n'.join(line for line in lines if not line.startswith(NOISE))


def filled(text: str, only: str = '') -> str:
    """The page with new results below the commands that contain ``only``."""

    def fill(block: re.Match) -> str:
        command = block.group('command')
        if only not in command:
            return block.group()
        print(f'[bench] {command}', file=sys.stderr, flush=True)
        today = datetime.date.today().isoformat()
        result = f'{today}, {processor()}:\n\n{measure(command)}'
        return f'```sh\n{command}\n```\n\n<!-- measured -->\n{result}\n\n<!-- end -->'

    return BLOCK.sub(fill, text)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--only', default='', help='commands that contain these words')
    parser.add_argument('--page', type=Path, default=PAGE, help='to write')
    args = parser.parse_args(argv)
    args.page.write_text(filled(args.page.read_text(), args.only))
    return 0


if __name__ == '__main__':
    sys.exit(main())
