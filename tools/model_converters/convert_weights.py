"""Convert weights of the authors' code bases to a config of this package.

    python tools/model_converters/convert_weights.py SOURCE CONFIG OUT

SOURCE is a PyTorch checkpoint, a ``.caffemodel`` or an MXNet ``.params`` file. The
names in it say whose layout it has, unless ``--layout`` does. Shapes are checked; names
that no rule knows and weights that nothing was found for are listed. Weights that
nothing was found for are an error, unless ``--partial`` allows them. Rules for unknown
names come in a YAML file with ``--rules``; they go before those of the layout:

    - {pattern: 'Head\\.fc1\\.(.+)', name: 'roi_head.bbox_head.shared_fcs.0.\\1'}
    - {pattern: 'Head\\.cls\\.(.+)', name: 'roi_head.bbox_head.fc_cls.\\1',
       change: background_last}
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from mmdet_plus.cli.arguments import ToolParser, add_unsafe_load
from mmdet_plus.cli.config_loading import read_config
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.output_paths import check_file, check_not_source
from mmdet_plus.errors import UserError
from mmdet_plus.zoo.conversion.converting import (
    check_complete,
    convert_file,
    report,
    write_checkpoint,
)
from mmdet_plus.zoo.conversion.layouts import LAYOUTS
from mmdet_plus.zoo.conversion.rules import Rule, read_rules


def own_rules(path: Path | None) -> list[Rule]:
    """Rules of a file, with what is wrong with it as a message."""
    try:
        return read_rules(path) if path else []
    except (ValueError, FileNotFoundError) as error:
        raise UserError(str(error)) from error


def build_parser() -> ToolParser:
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument('source', type=Path, help='file to convert')
    parser.add_argument('config', type=Path, help='config of the model')
    parser.add_argument('out', type=Path, help='checkpoint to write')
    parser.add_argument(
        '--layout', choices=sorted(LAYOUTS), help='default: what the names say'
    )
    parser.add_argument('--rules', type=Path, help='file with more rules')
    parser.add_argument(
        '--partial', action='store_true', help='write also where weights are missing'
    )
    parser.add_argument('--dry-run', action='store_true', help='report, write nothing')
    add_unsafe_load(parser)
    return parser


def run(argv: Sequence[str] | None) -> None:
    args = build_parser().parse_args(argv)
    check_file(args.out, 'the file')
    check_not_source(args.out, args.source)
    layout, result = convert_file(
        args.source,
        read_config(str(args.config)),
        layout=args.layout,
        rules=own_rules(args.rules),
        unsafe=args.unsafe_load,
    )
    print(f'layout: {layout}\n{report(result)}')
    if not args.partial:
        check_complete(result)
    if args.dry_run:
        print(f'{args.out}: not written')
        return
    write_checkpoint(result, args.out)
    print(
        f'{args.out}: {len(result.state_dict)} weights; '
        f'{len(result.unused)} unused, {len(result.missing)} missing'
    )


def main(argv: Sequence[str] | None = None) -> int:
    return run_tool(run, argv)


if __name__ == '__main__':
    sys.exit(main())
