"""Write a detector as an ONNX file that onnxruntime runs without this package.

    python tools/export.py CONFIG CHECKPOINT --out model.onnx

The file takes pixels and gives boxes; ``docs/deployment.md`` says how to use it.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import mmdet_plus  # noqa: F401  registers the components
from mmdet_plus.cli.arguments import (
    ToolParser,
    add_config_options,
    add_unsafe_load,
    at_least,
)
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.trained_detector import load_detector
from mmdet_plus.deploy.description import MIN_OPSET, PRECISIONS, ExportOptions
from mmdet_plus.deploy.exporting import check_opset, check_place, export
from mmdet_plus.deploy.verification import images_in
from mmdet_plus.errors import UserError


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='path of the config file')
    parser.add_argument('checkpoint', help='path or URL of the checkpoint')
    parser.add_argument('--out', required=True, type=Path, help='file to write')
    parser.add_argument(
        '--shape',
        nargs=2,
        type=at_least(1),
        metavar=('HEIGHT', 'WIDTH'),
        help='size that images are resized to; default: as in the config',
    )
    parser.add_argument(
        '--dynamic', action='store_true', help='take images of any size'
    )
    parser.add_argument(
        '--precision', choices=PRECISIONS, default='fp32', help='of the networks'
    )
    parser.add_argument(
        '--max-detections',
        type=at_least(1),
        help='of an image; default: as in the config',
    )
    parser.add_argument(
        '--opset', type=int, default=MIN_OPSET, help=f'ONNX operators; {MIN_OPSET}'
    )
    parser.add_argument(
        '--verify', metavar='FOLDER', help='compare on the images of this folder too'
    )
    add_config_options(parser)
    add_unsafe_load(parser)
    return parser


def run(argv: Sequence[str] | None) -> None:
    """Parse the arguments, export and compare."""
    parser = build_parser()
    parser.set_defaults(device='cpu')
    args = parser.parse_args(argv)
    check_opset(args.opset)
    if args.out.suffix.lower() != '.onnx' and not args.out.is_dir():
        raise UserError(f'--out {args.out} must end with .onnx')
    check_place(args.out)
    images = images_in(args.verify) if args.verify else []
    cfg, detector = load_detector(args)
    options = ExportOptions(
        args.shape and tuple(args.shape),
        args.dynamic,
        args.precision,
        args.max_detections,
        args.opset,
    )
    print(f'{args.out}: exporting and comparing; takes minutes', file=sys.stderr)
    print(export(cfg, detector, args.out, Path(args.config).stem, options, images))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(run, argv)


if __name__ == '__main__':
    sys.exit(main())
