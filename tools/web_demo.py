"""Open a page in the browser that detects objects in images, by one model or two.

    python tools/web_demo.py
    python tools/web_demo.py --model d2det_tiny_shapes model.onnx CONFIG=CHECKPOINT

Needs gradio: ``pip install 'mmdet_plus[web]'``. The page works without a network and
is open to this machine only, unless ``--host`` says otherwise. Uploaded images are not
kept.
"""

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from mmdet_plus.cli.arguments import (
    ToolParser,
    add_unsafe_load,
    at_least,
    device_name,
    number_in,
)
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.errors import UserError
from mmdet_plus.zoo import find_entry, load_index
from mmdet_plus.zoo.file_checks import WEIGHT_SUFFIXES, check_checkpoint

SHIPPED = 'package:'
HIGHEST_PORT = 65535


def build_parser() -> ToolParser:
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--model',
        nargs='+',
        metavar='MODEL',
        help='name (tools/zoo.py list), CHECKPOINT that holds its config, '
        'CONFIG=CHECKPOINT, or FILE.onnx; default: the models that come with the '
        'package',
    )
    parser.add_argument(
        '--host', default='127.0.0.1', help='0.0.0.0 opens the page to the network'
    )
    parser.add_argument(
        '--port', type=at_least(0, HIGHEST_PORT), default=7860, help='0: a free one'
    )
    parser.add_argument('--device', type=device_name, help='such as cuda:0 or cpu')
    parser.add_argument(
        '--max-megabytes',
        type=number_in(0, 1000, with_low=False),
        default=20,
        help='of an uploaded file; 20',
    )
    parser.add_argument(
        '--max-megapixels',
        type=number_in(0, 1000, with_low=False),
        default=16,
        help='of an uploaded image; 16',
    )
    add_unsafe_load(parser)
    return parser


def shipped_models() -> list[str]:
    """Names of the measured models whose weights lie in the package."""
    return [
        name
        for name, entry in load_index().items()
        if entry.file and entry.results and entry.file.urls[0].startswith(SHIPPED)
    ]


def check_model(model: str) -> None:
    """Raise ``UserError`` for a model that is not there."""
    files = model.split('=')
    if len(files) == 1 and model.endswith('.py'):
        raise UserError(f'--model: {model} has no weights: CONFIG=CHECKPOINT')
    if len(files) == 1 and not Path(model).suffix:
        find_entry(model)
        return
    for file in files:
        if not Path(file).is_file():
            raise UserError(f'--model: {file} does not exist')
        if Path(file).suffix in WEIGHT_SUFFIXES:
            check_checkpoint(file)


def run(argv: Sequence[str] | None) -> None:
    args = build_parser().parse_args(argv)
    for model in args.model or ():
        check_model(model)
    if importlib.util.find_spec('gradio') is None:
        raise UserError("gradio is not installed: pip install 'mmdet_plus[web]'")
    # Only here, because they take their time.
    from mmdet_plus.web.detectors import Shelf
    from mmdet_plus.web.page import served
    from mmdet_plus.web.uploads import Limits

    models = args.model or shipped_models()
    shelf = Shelf(models, device=args.device, unsafe_load=args.unsafe_load)
    limits = Limits(args.max_megabytes, args.max_megapixels)
    with served(shelf, limits, host=args.host, port=args.port) as page:
        print(f'open {page.local_url} in a browser; stop with Ctrl+C', flush=True)
        page.block_thread()


def main(argv: Sequence[str] | None = None) -> int:
    return run_tool(run, argv)


if __name__ == '__main__':
    sys.exit(main())
