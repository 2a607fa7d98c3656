"""Time the inference of several detectors on one image, in one run.

    python tools/analysis_tools/benchmark_inference.py [CONFIG ...] [--runs 10]

A config is a file or a name such as ``mmdet::faster_rcnn/faster-rcnn_r50_fpn_2x_coco``.
Weights are random, except that every proposal or anchor is made to score for one
class: all detectors then work on the same number of proposals, and on ``--detections``
survivors. In single-stage detectors ``--proposals`` are the anchors that reach NMS, in
all levels together. Detectors that resize images to one size get images of that size,
the others of ``--shape``.

With ``--checkpoint`` and ``--image`` all detectors load these weights, look at this
image and keep the limits of their configs: the way to time variants of a trained model.
Prints one table: median seconds and the ratio to the first detector.
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import mmcv
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config, ConfigDict
from mmengine.hub import get_config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from torch import nn

import mmdet_plus  # noqa: F401  registers the components, makes loading safe

Input = tuple[torch.Tensor, list[DetDataSample]]
CONFIGS = Path(__file__).parents[2] / 'configs'
DEFAULT = (
    'mmdet::faster_rcnn/faster-rcnn_r50_fpn_2x_coco',
    'mmdet::grid_rcnn/grid-rcnn_r50_fpn_gn-head_2x_coco',
    str(CONFIGS / 'd2det' / 'd2det_r50_fpn_2x_coco.py'),
)


def load_config(name: str) -> Config:
    return get_config(f'{name}.py') if '::' in name else Config.fromfile(name)


def build_trained(name: str, checkpoint: str) -> nn.Module:
    """A detector as its config says, with weights of a file."""
    model_cfg = load_config(name).model
    model_cfg.backbone.init_cfg = None
    model = MODELS.build(model_cfg).eval()
    load_checkpoint(model, checkpoint, map_location='cpu', strict=True)
    return model


def build_single_stage(
    model_cfg: ConfigDict, proposals: int, detections: int
) -> nn.Module:
    """As ``build_detector``, for the heads of SSD and RefineDet."""
    head_cfg = model_cfg.bbox_head
    if head_cfg.type == 'SSDHead':
        head_cfg.type = 'SSDBaselineHead'  # which can predict
    per_image = head_cfg.type == 'ObjectDetectionHead'
    model = MODELS.build(model_cfg).eval()
    levels = 1 if per_image else len(model.bbox_head.cls_convs)
    model.bbox_head.test_cfg.update(nms_pre=proposals // levels, max_per_img=detections)
    MMLogger.get_current_instance().setLevel('WARNING')
    model.init_weights()
    for branch in model.bbox_head.cls_convs:
        classifier = [m for m in branch.modules() if isinstance(m, nn.Conv2d)][-1]
        nn.init.zeros_(classifier.weight)
        nn.init.zeros_(classifier.bias)
        classifier.bias.data[:: model.bbox_head.num_classes + 1] = 5.0
    return model


def build_detector(name: str, proposals: int, detections: int) -> nn.Module:
    """A detector of random weights that finds ``detections`` objects of class 0."""
    model_cfg = load_config(name).model
    model_cfg.backbone.init_cfg = None
    if 'roi_head' not in model_cfg:
        return build_single_stage(model_cfg, proposals, detections)
    model_cfg.test_cfg.rpn.update(nms_pre=proposals, max_per_img=proposals)
    model_cfg.test_cfg.rpn.nms.iou_threshold = 0.99
    model_cfg.test_cfg.rcnn.update(score_thr=0.03, max_per_img=detections)
    model = MODELS.build(model_cfg).eval()
    heads = model.roi_head.bbox_head
    for head in heads if isinstance(heads, nn.ModuleList) else [heads]:
        nn.init.zeros_(head.fc_cls.weight)
        nn.init.zeros_(head.fc_cls.bias)
        head.fc_cls.bias.data[0] = 5.0
    return model


def input_shape(name: str, default: tuple[int, int]) -> tuple[int, int]:
    """Height and width that a config resizes all images to, or the default."""
    for step in load_config(name).test_dataloader.dataset.pipeline:
        if step.type == 'Resize' and not step.get('keep_ratio', False):
            width, height = step.scale
            return height, width
    return default


def make_input(shape: tuple[int, int], image: str | None, model: nn.Module) -> Input:
    """Noise, or an image as the model's preprocessing returns it."""
    meta = dict(img_shape=shape, ori_shape=shape, scale_factor=(1.0, 1.0))
    samples = [DetDataSample(metainfo=meta)]
    if image is None:
        return torch.randn(1, 3, *shape), samples
    picture = mmcv.imresize(mmcv.imread(image), (shape[1], shape[0]))
    pixels = torch.from_numpy(picture).permute(2, 0, 1)
    data = model.data_preprocessor(dict(inputs=[pixels], data_samples=samples))
    return data['inputs'], data['data_samples']


@torch.no_grad()
def measure(
    models: dict[str, nn.Module], inputs: dict[str, Input], runs: int
) -> dict[str, tuple[float, int]]:
    """Median seconds and detections of each, in turns so that noise is shared."""
    seconds: dict[str, list[float]] = {name: [] for name in models}
    found = {}
    for i in range(runs + 1):
        for name, model in models.items():
            start = time.perf_counter()
            results = model.predict(*inputs[name], rescale=False)
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
    parser.add_argument('--checkpoint', help='weights of all detectors')
    parser.add_argument('--image', help='instead of noise')
    parser.add_argument('--runs', type=int, default=10)
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    init_default_scope('mmdet')
    models = {
        name: build_trained(name, args.checkpoint)
        if args.checkpoint
        else build_detector(name, args.proposals, args.detections)
        for name in args.configs
    }
    shapes = {name: input_shape(name, tuple(args.shape)) for name in models}
    inputs = {n: make_input(shapes[n], args.image, m) for n, m in models.items()}
    limits = (
        'limits of the configs' if args.checkpoint else f'{args.proposals} proposals'
    )
    print(
        f'{limits}, float32, {args.threads} threads, torch {torch.__version__}, '
        f'median of {args.runs}'
    )
    print('| detector | seconds | ratio | detections | input |\n|' + ' --- |' * 5)
    measured = measure(models, inputs, args.runs)
    first = measured[args.configs[0]][0]
    for name, (median, detections) in measured.items():
        height, width = shapes[name]
        print(
            f'| {Path(name).stem} | {median:.3f} | {median / first:.2f} | {detections} '
            f'| {width} x {height} |'
        )


if __name__ == '__main__':
    main()
