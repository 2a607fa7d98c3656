"""Draw the synthetic data set "shapes": 7 classes of textured geometric shapes.

    python tools/dataset_converters/make_shapes.py data/shapes
    python tools/dataset_converters/make_shapes.py data/shapes_v2 --version 2

The same arguments give the same files, byte for byte. Version 1 has 500 images, drawn
in about 10 seconds on two cores. Version 2, for comparisons of detectors, has 2500
larger ones with more objects; only classes that are meant to be confused look alike.
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tqdm import tqdm

from mmdet_plus.cli.arguments import ToolParser
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.datasets.shapes.creation import ShapesSpec, create_shapes
from mmdet_plus.datasets.shapes.formats import LAYOUTS
from mmdet_plus.datasets.shapes.recipes import RECIPES
from mmdet_plus.errors import UserError

SIZES = ('num_train', 'num_val', 'image_size')


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description='Draw the synthetic data set "shapes".')
    parser.add_argument('out_dir', type=Path, help='folder to create')
    parser.add_argument(
        '--version', type=int, choices=[*RECIPES], default=1, help='default: 1'
    )
    for name, what in zip(
        SIZES, ('training images', 'validation images', 'height and width'), strict=True
    ):
        values = ', '.join(f'{getattr(r, name)}' for r in RECIPES.values())
        parser.add_argument(
            f'--{name.replace("_", "-")}',
            type=int,
            help=f'{what}; default of each version: {values}',
        )
    parser.add_argument('--seed', type=int, default=0, help='default: 0')
    parser.add_argument(
        '--format', choices=[*LAYOUTS], default='coco', help='default: coco'
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace shapes drawn earlier'
    )
    return parser


def draw(argv: Sequence[str] | None) -> None:
    """Parse the arguments and draw."""
    arguments = vars(build_parser().parse_args(argv))
    out_dir, overwrite = arguments.pop('out_dir'), arguments.pop('overwrite')
    recipe = RECIPES[arguments['version']]
    for name in SIZES:
        if arguments[name] is None:
            arguments[name] = getattr(recipe, name)
    track = partial(tqdm, unit='image', disable=None)  # quiet in a log
    try:
        spec = ShapesSpec(**arguments)
        written = create_shapes(out_dir, spec, overwrite=overwrite, track=track)
    except (ValueError, OSError) as error:
        raise UserError(str(error)) from error
    print(f'{out_dir}: {"written" if written else "already there"}')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(draw, argv)


if __name__ == '__main__':
    sys.exit(main())
