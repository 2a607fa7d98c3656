"""Write ``docs/model_zoo.md`` from the metafiles; ``--check`` only compares."""

import argparse
import sys
from pathlib import Path

from mmdet_plus.zoo.overview import overview

PAGE = Path(__file__).parents[2] / 'docs' / 'model_zoo.md'


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--check', action='store_true', help='fail when it is stale')
    args = parser.parse_args(argv)
    text = overview()
    if not args.check:
        PAGE.write_text(text)
        return 0
    if PAGE.is_file() and PAGE.read_text() == text:
        return 0
    print('docs/model_zoo.md is stale: run python tools/dev/make_model_zoo.py')
    return 1


if __name__ == '__main__':
    sys.exit(main())
