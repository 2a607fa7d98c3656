"""Detect objects in an image, a folder of images, a video, a stream or a webcam.

    python tools/image_demo.py IMAGE --model NAME
    python tools/image_demo.py IMAGE --model CONFIG --weights CHECKPOINT
    python tools/image_demo.py VIDEO --model NAME --save-json
    python tools/image_demo.py 0 --model NAME --max-frames 500
    python tools/image_demo.py rtsp://HOST/PATH --model NAME

Writes the input with boxes and masks drawn to ``OUT_DIR/vis`` and the predictions as
json to ``OUT_DIR/preds``. A number is a webcam; it and streams are recorded until they
end, or Ctrl+C. Videos have their frame rate and the time that is left in each frame.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.apis.det_inferencer import IMG_EXTENSIONS

from mmdet_plus.apis import DetInferencer
from mmdet_plus.cli.arguments import (
    ToolParser,
    add_unsafe_load,
    at_least,
    device_name,
    number_in,
)
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.video import is_live, is_video, paint_video
from mmdet_plus.errors import UserError


def detect_in_video(inferencer: DetInferencer, args: argparse.Namespace) -> None:
    """Write the painted video and the predictions of every frame."""

    def detect(frame: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        result = inferencer(frame, return_vis=True, pred_score_thr=args.score_thr)
        return result['visualization'][0][..., ::-1], result['predictions'][0]

    paint_video(
        args.input,
        detect,
        args.out_dir,
        save_json=args.save_json,
        max_frames=args.max_frames,
    )


def build_parser() -> ToolParser:
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'input', help='image, folder, video, URL, stream or number of a webcam'
    )
    parser.add_argument(
        '--model', required=True, help='name (tools/zoo.py list) or path of a config'
    )
    parser.add_argument('--weights', help='checkpoint; a named model has its own')
    parser.add_argument('--out-dir', type=Path, default=Path('work_dirs/image_demo'))
    parser.add_argument(
        '--score-thr', type=number_in(0, 1), default=0.3, help='to draw; 0.3'
    )
    parser.add_argument('--device', type=device_name, help='such as cuda:0 or cpu')
    parser.add_argument('--batch-size', type=int, default=1)
    parser.add_argument(
        '--save-json',
        action='store_true',
        help='of videos: a file for each frame, too, in OUT_DIR/preds/NAME',
    )
    parser.add_argument(
        '--max-frames', type=at_least(1), help='of videos: stop after so many'
    )
    add_unsafe_load(parser)
    return parser


def check_arguments(args: argparse.Namespace) -> None:
    """Raise ``UserError`` for what can be seen before a model is built."""
    if '://' not in args.input and not (
        Path(args.input).exists() or is_live(args.input)
    ):
        raise UserError(f'{args.input} does not exist')
    if Path(args.input).is_dir() and not any(
        path.suffix.lower() in IMG_EXTENSIONS for path in Path(args.input).iterdir()
    ):
        raise UserError(f'{args.input} holds no image')
    if args.model.endswith('.py') and args.weights is None:
        raise UserError(f'--weights is needed: {args.model} is a config')
    if args.out_dir.exists() and not args.out_dir.is_dir():
        raise UserError(f'--out-dir {args.out_dir} is a file')
    if args.batch_size < 1:
        raise UserError(f'--batch-size must be positive, got {args.batch_size}')


def run(argv: Sequence[str] | None) -> None:
    args = build_parser().parse_args(argv)
    check_arguments(args)
    of_video = is_video(args.input)
    inferencer = DetInferencer(
        model=args.model,
        weights=args.weights,
        device=args.device,
        unsafe_load=args.unsafe_load,
        show_progress=not of_video,
    )
    if of_video:
        detect_in_video(inferencer, args)
    else:
        inferencer(
            args.input,
            batch_size=args.batch_size,
            pred_score_thr=args.score_thr,
            out_dir=str(args.out_dir),
            no_save_pred=False,
        )
    print(f'{args.out_dir}/vis, {args.out_dir}/preds')


def main(argv: Sequence[str] | None = None) -> int:
    return run_tool(run, argv)


if __name__ == '__main__':
    sys.exit(main())
