"""Time the inference of several two-stage detectors on one image, in one run.

    python tools/analysis_tools/benchmark_inference.py [CONFIG ...] [--runs 10]

A config is a file or a name such as ``mmdet::faster_rcnn/faster-rcnn_r50_fpn_2x_coco``.
Weights are random, except that every proposal is made to score for one class: all
detectors then work on the same number of proposals, and on ``--detections`` survivors.
Prints one table: median seconds and the ratio to the first detector.
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.registry import init_default_scope
from torch import nn

import mmdet_plus  # noqa: F401

CONFIGS = Path(__file__).parents[2] / 'configs'
DEFAULT = (
    'mmdet::faster_rcnn/faster-rcnn_r50_fpn_2x_coco',
    'mmdet::grid_rcnn/grid-rcnn_r50_fpn_gn-head_2x_coco',
    str(CONFIGS / 'd2det' / 'd2det_r50_fpn_2x_coco.py'),
)


def load_config(name: str) -> Config:
    return get_config(f'{name}.py') if '::' in name else Config.fromfile(name)


def build_detector(name: str, proposals: int, detections: int) -> nn.Module:
    """A detector of random weights that finds ``detections`` objects of class 0."""
    model_cfg = load_config(name).model
    model_cfg.backbone.init_cfg = None
    model_cfg.test_cfg.rpn.update(nms_pre=proposals, max_per_img=proposals)
    model_cfg.test_cfg.rpn.nms.iou_threshold = 0.99
    model_cfg.test_cfg.rcnn.update(score_thr=0.03, max_per_img=detections)
    model = MODELS.build(model_cfg).eval()
    classifier = model.roi_head.bbox_head.fc_cls
    nn.init.zeros_(classifier.weight)
    nn.init.zeros_(classifier.bias)
    classifier.bias.data[0] = 5.0
    return model


def random_input(height: int, width: int) -> tuple[torch.Tensor, list[DetDataSample]]:
    shape = (height, width)
    meta = dict(img_shape=shape, ori_shape=shape, scale_factor=(1.0, 1.0))
    return torch.randn(1, 3, *shape), [DetDataSample(metainfo=meta)]


@torch.no_grad()
def measure(
    models: dict[str, nn.Module], shape: tuple[int, int], runs: int
) -> dict[str, tuple[float, int]]:
    """Median seconds and detections of each, in turns so that noise is shared."""
    inputs, samples = random_input(*shape)
    seconds: dict[str, list[float]] = {name: [] for name in models}
    found = {}
    for i in range(runs + 1):
        for name, model in models.items():
            start = time.perf_counter()
            results = model.predict(inputs, samples, rescale=False)
            if i > 0:  # the first warms up
                seconds[name].append(time.perf_counter() - start)
            found[name] = len(results[0].pred_instances)
    return {name: (statistics.median(seconds[name]), found[name]) for name in models}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('configs', nargs='*', default=DEFAULT)
    parser.add_argument('--shape', type=int, nargs=2, default=(800, 1216))
    parser.add_argument('--proposals', type=int, default=1000)
    parser.add_argument('--detections', type=int, default=100)
    parser.add_argument('--runs', type=int, default=10)
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    init_default_scope('mmdet')
    models = {
        name: build_detector(name, args.proposals, args.detections)
        for name in args.configs
    }
    height, width = args.shape
    print(
        f'{width} x {height}, {args.proposals} proposals, float32, {args.threads} '
        f'threads, torch {torch.__version__}, median of {args.runs}'
    )
    print('| detector | seconds | ratio | detections |\n| --- | --- | --- | --- |')
    measured = measure(models, (height, width), args.runs)
    first = measured[args.configs[0]][0]
    for name, (median, detections) in measured.items():
        ratio = median / first
        print(f'| {Path(name).stem} | {median:.2f} | {ratio:.2f} | {detections} |')


if __name__ == '__main__':
    main()
