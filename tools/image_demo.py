"""Detect objects in an image, a folder of images, a video, a stream or a webcam.

    python tools/image_demo.py IMAGE --model NAME
    python tools/image_demo.py IMAGE --model CONFIG --weights CHECKPOINT
    python tools/image_demo.py IMAGE --model CHECKPOINT_OF_A_TRAINING
    python tools/image_demo.py VIDEO --model NAME --save-json
    python tools/image_demo.py 0 --model NAME --max-frames 500
    python tools/image_demo.py rtsp://HOST/PATH --model NAME
    python tools/dist_run.py --nproc-per-node 8 tools/image_demo.py FOLDER \\
        --model NAME --launcher pytorch --resume

Writes the input with boxes and masks drawn to ``OUT_DIR/vis`` and the predictions as
json to ``OUT_DIR/preds``. A number is a webcam; it and streams are recorded until they
end, or Ctrl+C. Videos have their frame rate and the time that is left in each frame.
Processes of a launcher share the images of a folder; with ``--resume`` those whose
predictions are in ``OUT_DIR/preds`` are left out, so that a killed run goes on.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmdet_plus.apis import DetInferencer
from mmdet_plus.apis.image_inputs import distinct_names, images_of_folder
from mmdet_plus.cli.arguments import (
    LAUNCHERS,
    ToolParser,
    add_unsafe_load,
    at_least,
    device_name,
    number_in,
    place_of_process,
)
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.output_paths import check_folder
from mmdet_plus.cli.video import is_live, is_video, paint_video
from mmdet_plus.errors import UserError
from mmdet_plus.zoo.file_checks import WEIGHT_SUFFIXES


def detect_in_video(
    inferencer: DetInferencer, args: argparse.Namespace
) -> list[dict[str, Any]]:
    """Write the painted video and the predictions of every frame.

    Returns:
        The scores of each frame.
    """
    found = []

    def detect(frame: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        result = inferencer(frame, return_vis=True, pred_score_thr=args.score_thr)
        prediction = result['predictions'][0]
        found.append(dict(scores=prediction['scores']))
        return result['visualization'][0][..., ::-1], prediction

    paint_video(
        args.input,
        detect,
        args.out_dir,
        save_json=args.save_json,
        max_frames=args.max_frames,
    )
    return found


def count_line(
    predictions: Sequence[dict[str, Any]], score_thr: float, what: str
) -> str:
    """How many detections were drawn, and what to do if there are none."""
    scores = [score for found in predictions for score in found.get('scores', ())]
    drawn = sum(score >= score_thr for score in scores)
    line = f'{len(predictions)} {what}, {drawn} detections of score {score_thr} or more'
    if drawn or not scores:
        return line
    return f'{line}; the best has {max(scores):.2f}: lower --score-thr to see it'


def build_parser() -> ToolParser:
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'input', help='image, folder, video, URL, stream or number of a webcam'
    )
    parser.add_argument(
        '--model',
        required=True,
        help='name (tools/zoo.py list), config, or checkpoint that carries its config',
    )
    parser.add_argument('--weights', help='checkpoint; a named model has its own')
    parser.add_argument(
        '--out-dir',
        type=Path,
        default=Path('work_dirs/image_demo'),
        help='folder to write to; work_dirs/image_demo',
    )
    parser.add_argument(
        '--score-thr', type=number_in(0, 1), default=0.3, help='to draw; 0.3'
    )
    parser.add_argument('--device', type=device_name, help='such as cuda:0 or cpu')
    parser.add_argument('--batch-size', type=int, default=1, help='images at once; 1')
    parser.add_argument(
        '--save-json',
        action='store_true',
        help='of videos: a file for each frame, too, in OUT_DIR/preds/NAME',
    )
    parser.add_argument(
        '--max-frames', type=at_least(1), help='of videos: stop after so many'
    )
    _add_sharing_arguments(parser)
    add_unsafe_load(parser)
    return parser


def _add_sharing_arguments(parser: ToolParser) -> None:
    parser.add_argument(
        '--resume',
        action='store_true',
        help='of folders: leave out images that OUT_DIR/preds has predictions of',
    )
    parser.add_argument(
        '--launcher',
        choices=LAUNCHERS,
        default='none',
        help='that started several processes to share a folder',
    )


def images_to_do(args: argparse.Namespace) -> list[str] | None:
    """Images of a folder that this process has to do; None where there is no folder."""
    if not Path(args.input).is_dir():
        return None
    names = distinct_names(str(path) for path in images_of_folder(Path(args.input)))
    rank, size, _ = place_of_process(args.launcher)
    own = list(names)[rank::size]
    if not args.resume:
        return own
    done = args.out_dir / 'preds'
    return [path for path in own if not (done / f'{names[path]}.json').is_file()]


def own_gpu(launcher: str) -> str | None:
    """The GPU of this process of several; None lets MMEngine choose a device."""
    if launcher == 'none' or not torch.cuda.is_available():
        return None
    return f'cuda:{place_of_process(launcher)[2]}'


def check_arguments(args: argparse.Namespace) -> None:
    """Raise ``UserError`` for what can be seen before a model is built."""
    if '://' not in args.input and not (
        Path(args.input).exists() or is_live(args.input)
    ):
        raise UserError(f'{args.input} does not exist')
    if Path(args.input).is_dir():
        images_of_folder(Path(args.input))
    if args.model.endswith('.py') and args.weights is None:
        raise UserError(f'--weights is needed: {args.model} is a config')
    if args.model.endswith(WEIGHT_SUFFIXES):
        if args.weights is not None:
            raise UserError(
                f'--model {args.model} is a checkpoint: give the config as --model and '
                'the checkpoint as --weights'
            )
        args.model, args.weights = None, args.model
    for name in ('', 'vis', 'preds'):
        check_folder(args.out_dir / name, '--out-dir')
    if args.batch_size < 1:
        raise UserError(f'--batch-size must be positive, got {args.batch_size}')


def run(argv: Sequence[str] | None) -> None:
    args = build_parser().parse_args(argv)
    check_arguments(args)
    of_video = is_video(args.input)
    left = images_to_do(args)
    if left == []:
        print(f'{args.input}: no image is left to do')
        return
    inferencer = DetInferencer(
        model=args.model,
        weights=args.weights,
        device=args.device or own_gpu(args.launcher),
        unsafe_load=args.unsafe_load,
        show_progress=not of_video,
    )
    inferencer.only = left
    if of_video:
        found = detect_in_video(inferencer, args)
    else:
        found = inferencer(
            args.input,
            batch_size=args.batch_size,
            pred_score_thr=args.score_thr,
            out_dir=str(args.out_dir),
            no_save_pred=False,
        )['predictions']
    print(count_line(found, args.score_thr, 'frames' if of_video else 'images'))
    print(f'{args.out_dir}/vis, {args.out_dir}/preds')


def main(argv: Sequence[str] | None = None) -> int:
    return run_tool(run, argv)


if __name__ == '__main__':
    sys.exit(main())
