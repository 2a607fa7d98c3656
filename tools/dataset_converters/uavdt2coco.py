"""Convert the detection annotations of UAVDT to COCO json.

    python tools/dataset_converters/uavdt2coco.py UAV-benchmark-M \\
        UAV-benchmark-MOTD_v1.0/GT M_attr/train data/uavdt/annotations/train.json

Cars, trucks and buses become the class ``vehicle``; ignored regions become crowd boxes.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from mmengine.fileio import dump
from tqdm import tqdm

from mmdet_plus.cli.arguments import ToolParser
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.output_paths import check_file
from mmdet_plus.datasets.uavdt.annotations import CocoBuilder, sequence_names
from mmdet_plus.errors import UserError


def convert(argv: Sequence[str] | None) -> None:
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument('images', type=Path, help='holds a folder for every sequence')
    parser.add_argument('annotations', type=Path, help='holds <sequence>_gt_whole.txt')
    parser.add_argument(
        'split', type=Path, help='holds <sequence>_attr.txt of the wanted sequences'
    )
    parser.add_argument('out_file', type=Path, help='COCO json to write')
    args = parser.parse_args(argv)
    check_file(args.out_file, 'the file')
    builder = CocoBuilder(args.images, args.annotations)
    try:
        for name in tqdm(sequence_names(args.split), unit='sequence', disable=None):
            builder.add_sequence(name)
    except (ValueError, OSError) as error:
        raise UserError(str(error)) from error
    args.out_file.parent.mkdir(parents=True, exist_ok=True)
    dump(builder.result(), args.out_file)
    print(
        f'{args.out_file}: {len(builder.images)} images, '
        f'{len(builder.annotations)} boxes'
    )


def main(argv: Sequence[str] | None = None) -> int:
    return run_tool(convert, argv)


if __name__ == '__main__':
    sys.exit(main())
