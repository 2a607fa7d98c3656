"""List, describe and download trained models.

python tools/zoo.py list
python tools/zoo.py info NAME
python tools/zoo.py download NAME [NAME ...] [--dest DIR]

Models named ``..._released`` are fetched from where their authors have them, and
converted here. ``--sha256`` says what their file must be; without it the first one that
is fetched is trusted, and remembered.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmdet_plus.cli.arguments import ToolParser
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.errors import UserError
from mmdet_plus.zoo import ZooEntry, fetch_weights, find_entry, load_index
from mmdet_plus.zoo.index import ZooFile, ZooRelease

NOT_STATED = 'none stated: all rights are those of its authors'


def list_models(args: argparse.Namespace) -> None:
    for entry in load_index().values():
        if entry.file is not None:
            print(f'{entry.name}  {_size(entry)}  {entry.file.trained_on}')
        elif entry.release is not None:
            print(f'{entry.name}  converted from the {entry.release.released_by}')
        elif args.all:
            print(f'{entry.name}  no weights published')


def describe(args: argparse.Namespace) -> None:
    entry = find_entry(args.name)
    print(f'name        {entry.name}\nconfig      {entry.config}')
    for result in entry.results:
        metrics = ', '.join(f'{k} {v}' for k, v in result['Metrics'].items())
        print(f'result      {result["Dataset"]}, {result["Task"]}: {metrics}')
        print(f'reported by {result["Reported By"]}')
    if entry.release is not None:
        _describe_release(entry.release)
    elif entry.file is None:
        print('weights     not published')
    else:
        _describe_file(entry, entry.file)


def _describe_release(release: ZooRelease) -> None:
    print(f'weights     converted from a {release.suffix} file when downloaded')
    print(f'license     {release.license or NOT_STATED}')
    print(f'trained by  {release.released_by}, {release.code}')
    for url in release.urls + release.pages:
        print(f'url         {url}')


def _describe_file(entry: ZooEntry, file: ZooFile) -> None:
    print(f'size        {_size(entry)}\nsha256      {file.sha256}')
    print(f'license     {file.license}\ntrained by  {file.trained_by}')
    print(f'trained on  {file.trained_on}')
    for url in file.urls:
        print(f'url         {url}')


def download(args: argparse.Namespace) -> None:
    for flag in ('sha256', 'file'):
        if getattr(args, flag) and len(args.names) > 1:
            raise UserError(f'--{flag} is that of one file: name one model')
    for entry in [find_entry(name) for name in args.names]:
        options = dict(
            file=args.file,
            sha256=args.sha256,
            accept_unlicensed=args.accept_unlicensed,
        )
        print(fetch_weights(entry, args.dest, **options))


def _size(entry: ZooEntry) -> str:
    assert entry.file is not None
    return f'{entry.file.size / 2**20:.1f} MiB'


def build_parser() -> ToolParser:
    parser = ToolParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar='COMMAND')
    command = commands.add_parser('list', help='models with weights')
    command.add_argument('--all', action='store_true', help='also those without')
    command.set_defaults(run=list_models)
    command = commands.add_parser('info', help='all that is known of a model')
    command.add_argument('name', help='of a model, as list prints it')
    command.set_defaults(run=describe)
    command = commands.add_parser('download', help='fetch weights, print their path')
    command.add_argument(
        'names', nargs='+', metavar='NAME', help='of models, as list prints them'
    )
    command.add_argument('--dest', type=Path, help='folder; default: the cache')
    command.add_argument(
        '--file', type=Path, help='of the authors, if it was fetched by hand'
    )
    command.add_argument(
        '--sha256', help="of the authors' file, for models converted from a release"
    )
    command.add_argument(
        '--accept-unlicensed',
        action='store_true',
        help='fetch also weights whose authors state no licence',
    )
    command.set_defaults(run=download)
    return parser


def run(argv: Sequence[str] | None) -> None:
    args = build_parser().parse_args(argv)
    args.run(args)


def main(argv: Sequence[str] | None = None) -> int:
    return run_tool(run, argv)


if __name__ == '__main__':
    sys.exit(main())
