"""Make a file for the model zoo from a training checkpoint.

    python tools/model_converters/publish_model.py CHECKPOINT OUT_DIR --name NAME

Drops the state of the optimizer, puts the hash into the file's name, and prints the
entry for ``configs/<method>/metafile.yml``.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from mmdet_plus.cli.arguments import ToolParser, add_unsafe_load
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.output_paths import check_folder
from mmdet_plus.errors import UserError
from mmdet_plus.zoo.publishing import metafile_entry, publish


def run(argv: Sequence[str] | None) -> None:
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument('checkpoint', type=Path, help='that tools/train.py wrote')
    parser.add_argument('out_dir', type=Path, help='where the file goes')
    parser.add_argument('--name', required=True, help='stem of the config file')
    parser.add_argument('--half', action='store_true', help='store half precision')
    parser.add_argument('--url', help='where it will be; default: a form to fill in')
    add_unsafe_load(parser)
    args = parser.parse_args(argv)
    if args.url and '://' not in args.url:
        raise UserError(f'--url must begin with https:// or another scheme: {args.url}')
    check_folder(args.out_dir, 'the folder')
    path = publish(
        args.checkpoint,
        args.out_dir,
        args.name,
        half=args.half,
        unsafe=args.unsafe_load,
    )
    url = args.url or f'https://.../{path.name}'
    print(f'{path}\n\n{metafile_entry(path, url)}')


def main(argv: Sequence[str] | None = None) -> int:
    return run_tool(run, argv)


if __name__ == '__main__':
    sys.exit(main())
