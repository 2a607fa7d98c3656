"""Detect objects in an image, a folder of images, a video or behind a URL.

    python tools/image_demo.py IMAGE --model NAME
    python tools/image_demo.py IMAGE --model CONFIG --weights CHECKPOINT

Writes the input with boxes and masks drawn to ``OUT_DIR/vis`` and the predictions as
json to ``OUT_DIR/preds``.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import mmcv
from mmdet.apis.det_inferencer import IMG_EXTENSIONS
from tqdm import tqdm

from mmdet_plus.apis import DetInferencer
from mmdet_plus.cli.arguments import ToolParser, add_unsafe_load, device_name, number_in
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.errors import UserError

VIDEO_SUFFIXES = {'.mp4', '.avi', '.mov', '.mkv', '.webm'}
MP4 = cv2.VideoWriter.fourcc(*'mp4v')


def detect_in_video(
    inferencer: DetInferencer, source: str, out_dir: Path, score_thr: float
) -> None:
    """Write the painted video and one json file with the predictions of every frame.

    Args:
        inferencer: the detector.
        source: path or URL of the video.
        out_dir: holds ``vis`` and ``preds`` afterwards.
        score_thr: what is painted scores at least this.
    """
    reader = mmcv.VideoReader(source)
    if len(reader) == 0:
        raise UserError(f'{source} is not a video')
    stem = Path(source).stem
    (out_dir / 'vis').mkdir(parents=True, exist_ok=True)
    (out_dir / 'preds').mkdir(parents=True, exist_ok=True)
    size = (reader.width, reader.height)
    painted = cv2.VideoWriter(
        str(out_dir / 'vis' / f'{stem}.mp4'), MP4, reader.fps, size
    )
    predictions = []
    for frame in tqdm(reader, unit='frame', disable=None):
        result = inferencer(frame, return_vis=True, pred_score_thr=score_thr)
        painted.write(cv2.cvtColor(result['visualization'][0], cv2.COLOR_RGB2BGR))
        predictions += result['predictions']
    painted.release()
    (out_dir / 'preds' / f'{stem}.json').write_text(json.dumps(predictions))


def build_parser() -> ToolParser:
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument('input', help='image, folder, video file or URL')
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
    add_unsafe_load(parser)
    return parser


def check_arguments(args: argparse.Namespace) -> None:
    """Raise ``UserError`` for what can be seen before a model is built."""
    if '://' not in args.input and not Path(args.input).exists():
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
    is_video = Path(args.input).suffix.lower() in VIDEO_SUFFIXES
    inferencer = DetInferencer(
        model=args.model,
        weights=args.weights,
        device=args.device,
        unsafe_load=args.unsafe_load,
        show_progress=not is_video,
    )
    if is_video:
        detect_in_video(inferencer, args.input, args.out_dir, args.score_thr)
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
