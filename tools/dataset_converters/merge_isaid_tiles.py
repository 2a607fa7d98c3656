"""Turn detections in tiles into detections in whole images, for submission.

    python tools/test.py CONFIG CHECKPOINT --format-only --work-dir work_dirs/isaid
    python tools/dataset_converters/merge_isaid_tiles.py \\
        work_dirs/isaid/results.segm.json \\
        data/iSAID/val/instancesonly_filtered_val.json work_dirs/isaid/whole.json

Objects found in several tiles are kept once, by non-maximum suppression of boxes.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from mmengine.fileio import dump

from mmdet_plus.datasets.isaid_merging import merge_tiles
from mmdet_plus.engine.command_line import ToolParser
from mmdet_plus.engine.error_reporting import UserError, run_tool


def merge(argv: Sequence[str] | None) -> None:
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument('results', type=Path, help='json of --format-only')
    parser.add_argument('annotations', type=Path, help='json of isaid2coco.py')
    parser.add_argument('out_file', type=Path, help='json to write')
    parser.add_argument(
        '--iou', type=float, default=0.5, help='of duplicates, at least; 0.5'
    )
    args = parser.parse_args(argv)
    try:
        results = json.loads(args.results.read_text())
        tiles = json.loads(args.annotations.read_text())['images']
        images, merged = merge_tiles(results, tiles, args.iou)
    except (ValueError, KeyError, OSError) as error:
        raise UserError(f'{type(error).__name__}: {error}') from error
    args.out_file.parent.mkdir(parents=True, exist_ok=True)
    dump(merged, args.out_file)
    print(f'{args.out_file}: {len(merged)} detections in {len(images)} images')


def main(argv: Sequence[str] | None = None) -> int:
    return run_tool(merge, argv)


if __name__ == '__main__':
    sys.exit(main())
