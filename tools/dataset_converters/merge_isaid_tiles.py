"""Turn detections in tiles into detections in whole images, for submission.

    python tools/test.py CONFIG CHECKPOINT --format-only --work-dir work_dirs/isaid
    python tools/dataset_converters/merge_isaid_tiles.py \\
        work_dirs/isaid/results.segm.json \\
        data/iSAID/val/instancesonly_filtered_val.json work_dirs/isaid/whole.json

Objects found in several tiles are kept once, by non-maximum suppression of boxes. A
server asks for the ids of its own annotation file: name it with ``--official``. Without
it ``<out_file's stem>.ids.json`` says which image and class each id stands for.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.fileio import dump

from mmdet_plus.cli.arguments import ToolParser
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.output_paths import check_file
from mmdet_plus.datasets.isaid.merging import merge_tiles, renumber
from mmdet_plus.errors import UserError

RESULT_KEYS = {'image_id', 'category_id', 'bbox', 'score'}


def read_results(path: Path) -> list[dict[str, Any]]:
    """Entries of a result file.

    Raises:
        UserError: if the file is of another kind.
    """
    content = json.loads(path.read_text())
    if not isinstance(content, list) or not all(
        isinstance(entry, dict) and entry.keys() >= RESULT_KEYS for entry in content
    ):
        raise UserError(
            f'{path} is not a result file of --format-only: it must be a list of '
            f'objects with {", ".join(sorted(RESULT_KEYS))}'
        )
    return content


def read_annotations(path: Path) -> dict[str, Any]:
    """An annotation file.

    Raises:
        UserError: if the file is of another kind.
    """
    content = json.loads(path.read_text())
    if not isinstance(content, dict) or not {'images', 'categories'} <= content.keys():
        raise UserError(
            f'{path} is not an annotation file: it must be an object with images and '
            'categories'
        )
    return content


def merge(argv: Sequence[str] | None) -> None:
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument('results', type=Path, help='json of --format-only')
    parser.add_argument('annotations', type=Path, help='json of isaid2coco.py')
    parser.add_argument('out_file', type=Path, help='json to write')
    parser.add_argument(
        '--iou', type=float, default=0.5, help='of duplicates, at least; 0.5'
    )
    parser.add_argument(
        '--official', type=Path, help='json of the whole images, whose ids to use'
    )
    args = parser.parse_args(argv)
    check_file(args.out_file, 'the file')
    if not 0 <= args.iou <= 1:
        raise UserError(f'--iou must be in [0, 1], got {args.iou}')
    try:
        results = read_results(args.results)
        tiles = read_annotations(args.annotations)
        images, merged = merge_tiles(results, tiles['images'], args.iou)
        if args.official:
            official = read_annotations(args.official)
            merged = renumber(merged, images, tiles['categories'], official)
    except (ValueError, KeyError, OSError) as error:
        raise UserError(f'{type(error).__name__}: {error}') from error
    args.out_file.parent.mkdir(parents=True, exist_ok=True)
    if not args.official:
        ids = dict(images=images, categories=tiles.get('categories', []))
        dump(ids, args.out_file.with_suffix('.ids.json'))
    dump(merged, args.out_file)
    print(f'{args.out_file}: {len(merged)} detections in {len(images)} images')


def main(argv: Sequence[str] | None = None) -> int:
    return run_tool(merge, argv)


if __name__ == '__main__':
    sys.exit(main())
