"""Cut iSAID into tiles and write their instances as COCO json.

    python tools/dataset_converters/isaid2coco.py iSAID/train data/iSAID/train

reads ``images/*.png`` and the annotation images ``*_instance_id_RGB.png`` and
``*_instance_color_RGB.png`` beside them or in ``Instance_masks/images``, and writes
``images/`` and ``instancesonly_filtered_<folder's name>.json``. With ``--images-only``
it needs no annotation images, as for the test split. Masks that
``tools/test.py --format-only`` finds in the tiles go back to the whole images by
``merge_isaid_tiles.py``. The folder appears when all of it is written.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
from mmengine.fileio import dump
from tqdm import tqdm

from mmdet_plus.cli.arguments import ToolParser
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.output_paths import check_folder
from mmdet_plus.datasets.isaid.tiles import CATEGORIES, IsaidImage, tiles_of
from mmdet_plus.errors import UserError
from mmdet_plus.whole_files import folder_written_whole


def find_images(split: Path) -> tuple[list[Path], Path]:
    """The images of a split, and where their annotation images are."""
    annotations = split / 'Instance_masks' / 'images'
    if not annotations.is_dir():
        annotations = split / 'images'
    paths = sorted(
        path
        for path in (split / 'images').glob('*.png')
        if '_instance_' not in path.stem
    )
    if not paths:
        raise UserError(f'{split / "images"} holds no png image')
    return paths, annotations


def write_tiles(
    image: IsaidImage, out_dir: Path, coco: dict[str, list], *, size: int, overlap: int
) -> None:
    """Write the tiles of an image, and add them and their instances to ``coco``."""
    width, height = image.size
    for tile in tiles_of(width, height, size, overlap):
        name = f'{image.name}_{tile.x}_{tile.y}.png'
        _, content = cv2.imencode('.png', tile.crop(image.pixels))
        (out_dir / name).write_bytes(content.tobytes())
        entry: dict[str, Any] = dict(
            id=len(coco['images']) + 1,
            file_name=name,
            width=tile.width,
            height=tile.height,
            source=image.name,
            source_width=width,
            source_height=height,
            x=tile.x,
            y=tile.y,
        )
        coco['images'].append(entry)
        for instance in image.instances(tile, min_area=1):
            instance.update(id=len(coco['annotations']) + 1, image_id=entry['id'])
            coco['annotations'].append(instance)


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument('split', type=Path, help='folder of a split, holds images/')
    parser.add_argument('out_dir', type=Path, help='folder to create')
    parser.add_argument('--size', type=int, default=800, help='side of a tile; 800')
    parser.add_argument(
        '--overlap', type=int, default=200, help='of neighbours, in pixels; 200'
    )
    parser.add_argument(
        '--images-only', action='store_true', help='the split has no annotation images'
    )
    return parser


def convert(argv: Sequence[str] | None) -> None:
    """Parse the arguments, cut all images and write the annotations."""
    args = build_parser().parse_args(argv)
    check_folder(args.out_dir, 'the folder')
    if args.out_dir.is_dir() and any(args.out_dir.iterdir()):
        raise UserError(f'{args.out_dir} holds files; remove it or name another folder')
    coco: dict[str, list] = dict(images=[], annotations=[], categories=CATEGORIES)
    try:
        tiles_of(args.size, args.size, args.size, args.overlap)  # checks the options
        paths, annotations = find_images(args.split)
        split = args.out_dir.resolve().name  # '.' has none
        name = f'instancesonly_filtered_{split}.json'
        with folder_written_whole(args.out_dir) as part:
            (part / 'images').mkdir()
            for path in tqdm(paths, unit='image', disable=None):
                image = IsaidImage(path, None if args.images_only else annotations)
                write_tiles(
                    image,
                    part / 'images',
                    coco,
                    size=args.size,
                    overlap=args.overlap,
                )
            dump(coco, part / name)
    except (ValueError, OSError) as error:
        raise UserError(str(error)) from error
    print(
        f'{args.out_dir / name}: {len(coco["images"])} tiles, '
        f'{len(coco["annotations"])} instances'
    )


def main(argv: Sequence[str] | None = None) -> int:
    return run_tool(convert, argv)


if __name__ == '__main__':
    sys.exit(main())
