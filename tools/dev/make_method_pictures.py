"""Draw the pictures of the methods in docs/ from the small models of the package.

python tools/dev/make_method_pictures.py [--evidence work_dirs/compare]

Two pictures show the idea of each method, on generated images of the validation set.
The one that opens the README compares models with masks that `make evidence` trained:
with ``--evidence`` it is drawn, and nothing else.
"""

import argparse
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image
from pycocotools import mask as coco_mask

from mmdet_plus.analysis.comparison.plan import read_plan
from mmdet_plus.analysis.comparison.runs import jobs_of
from mmdet_plus.analysis.head_correlation.collection import (
    AnalysisOptions,
    HeadCorrelationAnalysis,
)
from mmdet_plus.analysis.head_correlation.plots import plot_bins, plot_correlations
from mmdet_plus.apis import DetInferencer
from mmdet_plus.datasets.shapes.creation import ShapesSpec, create_shapes
from mmdet_plus.datasets.shapes.generation import ShapeScene, draw_scene
from mmdet_plus.deploy.detections import Detections
from mmdet_plus.deploy.drawing import draw_detections
from mmdet_plus.web.detectors import TorchDetector

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / 'docs' / 'images' / 'methods'
IMAGES = range(24)
SCORE_THR = 0.05
SHOWN_THR = 0.3  # of the overview
LEAST_SIDE = 28  # pixels of a box that shows something
GAP = 6
SHIFTS, SCALES = (-0.5, -0.25, 0.0, 0.25, 0.5), (0.7, 1.0, 1.4)  # of proposals
QUALITY = 75


class Shown(NamedTuple):
    """A detection in an image, and whether there is an object of its class."""

    scene: ShapeScene
    image: np.ndarray
    detections: Detections
    row: int
    is_right: bool


def ious_with(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """IoU of a box (4,) with others (n, 4), all xyxy."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    return common / (areas + np.prod(box[2:] - box[:2]) - common)


def detections_of(detector: TorchDetector) -> Iterator[Shown]:
    """The detections in all images that are large enough to show."""
    for number in IMAGES:
        scene = draw_scene(0, 'val', number, 256)
        image = np.ascontiguousarray(scene.image[..., ::-1])
        found = detector.detect(image).detections
        for row in np.flatnonzero(found.scores >= SCORE_THR):
            box, label = found.boxes[row], found.labels[row]
            if (box[2:] - box[:2]).min() < LEAST_SIDE:
                continue
            objects = [each.bbox for each in scene.instances if each.label == label]
            truth = np.array(objects, float).reshape(-1, 4)
            is_right = bool((ious_with(box, truth) >= 0.5).any())
            yield Shown(scene, image, found, int(row), is_right)


def surest(shown: list[Shown], *, right: bool, most: int) -> list[Shown]:
    """The surest detections, right or wrong ones, of different images."""
    own = [each for each in shown if each.is_right == right]
    own.sort(key=lambda each: -each.detections.scores[each.row])
    first: dict[int, Shown] = {}
    for each in own:
        first.setdefault(id(each.image), each)
    return list(first.values())[:most]


def save(content: bytes, name: str) -> None:
    """A PNG file's picture, in a format that is a fifth of its size."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f'{name}.webp'
    Image.open(io.BytesIO(content)).convert('RGB').save(path, quality=QUALITY)
    print(path.relative_to(ROOT), f'{path.stat().st_size / 1024:.0f} KiB')


def explain_two(name: str, model: str, choose: Callable) -> None:
    """Pictures of two detections of a model."""
    detector = TorchDetector(f'{model}_tiny_shapes')
    for number, shown in enumerate(choose(list(detections_of(detector))), start=1):
        told = detector.explain(shown.image, shown.detections, shown.row)
        save(told.picture, f'{name}_{number}')
        print(told.text)


def two_right(shown: list[Shown]) -> list[Shown]:
    """Two detections that are right, not of the very surest, which are alike."""
    return surest(shown, right=True, most=8)[0:8:5][:2]


def right_and_wrong(shown: list[Shown]) -> list[Shown]:
    """The surest detection that is right, and the surest that is wrong."""
    return [
        *surest(shown, right=True, most=1),
        *surest(shown, right=False, most=1),
    ]


def compare_heads(folder: Path) -> None:
    """Score against IoU, and boxes against IoU, of the heads of Double-Head-Ext."""
    inferencer = DetInferencer('dh-ext-faster-rcnn_tiny_shapes', show_progress=False)
    cfg = Config.fromfile(
        str(ROOT / 'configs/double_head/dh-ext-faster-rcnn_tiny_shapes.py')
    )
    cfg.test_dataloader.dataset.data_root = str(folder)
    init_default_scope('mmdet')
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    options = AnalysisOptions(
        shifts=(-0.5, -0.25, 0.0, 0.25, 0.5), scales=(0.7, 1.0, 1.4)
    )
    analysis = HeadCorrelationAnalysis(inferencer.model, options)
    for index in IMAGES:
        analysis.add_image(dataset, index)
    streams = io.BytesIO(), io.BytesIO()
    plot_correlations(analysis.correlation_rows(), streams[0])
    plot_bins(analysis.bin_rows(), 'score', streams[1])
    for number, stream in enumerate(streams, start=1):
        save(stream.getvalue(), f'double_head_{number}')


def trained_detectors(folder: Path) -> list[TorchDetector]:
    """Models with masks of D2Det's plan, seed 0, that were trained into a folder."""
    names = 'D2Det with masks', 'Mask R-CNN'
    plan = read_plan(ROOT / 'configs' / 'd2det' / 'evidence.yml')
    jobs = {job.run.name: job for job in jobs_of(plan, folder, names) if job.seed == 0}
    return [
        TorchDetector(str(jobs[name].folder / 'config.py'), str(jobs[name].checkpoint))
        for name in names
    ]


def draw_overview(models: list[TorchDetector], numbers: tuple[int, ...]) -> None:
    """Objects with their masks above, what the models find below."""
    rows: list[list[np.ndarray]] = [[] for _ in range(1 + len(models))]
    for number in numbers:
        scene = draw_scene(0, 'val', number, 320, version=2)
        image = np.ascontiguousarray(scene.image[..., ::-1])
        truth = Detections(
            np.array([each.bbox for each in scene.instances], np.float32),
            np.ones(len(scene.instances), np.float32),
            np.array([each.label for each in scene.instances]),
            np.stack([each.mask for each in scene.instances]),
        )
        rows[0].append(enlarged(image, truth, models[0]))
        for row, model in zip(rows[1:], models, strict=True):
            found = model.detect(image)
            masks = coco_mask.decode(found.masks).transpose(2, 0, 1).astype(bool)
            detections = found.detections._replace(masks=masks)
            row.append(enlarged(image, detections, model))
    gap = np.full((rows[0][0].shape[0], GAP, 3), 255, np.uint8)
    lines = [np.hstack([part for own in row for part in (own, gap)]) for row in rows]
    between = np.full((GAP, lines[0].shape[1], 3), 255, np.uint8)
    whole = np.vstack([part for line in lines for part in (line, between)])
    stream = io.BytesIO()
    Image.fromarray(whole).save(stream, 'png')
    save(stream.getvalue(), 'overview')


def enlarged(image: np.ndarray, found: Detections, model: TorchDetector) -> np.ndarray:
    """The image (h, w, 3) with its detections, at 1.25 times its size."""
    size = image.shape[1] * 5 // 4, image.shape[0] * 5 // 4
    picture = Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)
    masks = found.masks
    if masks is not None:
        grown = [Image.fromarray(mask).resize(size) for mask in masks]
        masks = np.stack([np.asarray(mask) for mask in grown])
    found = found._replace(boxes=found.boxes * 1.25, masks=masks)
    return np.asarray(draw_detections(np.asarray(picture), found, model, SHOWN_THR))


def draw_ideas() -> None:
    """Two pictures of each method, from the small models of the package."""
    explain_two('d2det', 'd2det', two_right)
    explain_two('cpm_rcnn', 'cpm-rcnn', two_right)
    explain_two('dcr', 'faster-rcnn-dcrv2', right_and_wrong)
    explain_two('refinedet', 'refinedet320', two_right)
    with tempfile.TemporaryDirectory() as folder:
        create_shapes(
            Path(folder) / 'shapes', ShapesSpec(num_train=1, num_val=len(IMAGES))
        )
        compare_heads(Path(folder) / 'shapes')


def main() -> None:
    """Draw the pictures of the methods, or the one of the README."""
    parser = argparse.ArgumentParser(description='Draw pictures for the documents')
    parser.add_argument('--evidence', type=Path, help='folder of the trained models')
    folder = parser.parse_args().evidence
    if folder:
        draw_overview(trained_detectors(folder), (5, 7, 11, 17))
    else:
        draw_ideas()


if __name__ == '__main__':
    sys.exit(main())
