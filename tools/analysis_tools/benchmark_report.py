"""Time the report on synthetic detections of the size of COCO's validation set.

    python tools/analysis_tools/benchmark_report.py [--images 5000] [--bootstrap]

Draws objects and detections, writes them as files in COCO's format, and runs
``tools/report.py`` on them in a process of its own. Prints seconds, those in which it
computed, and the greatest resident memory; with ``--bootstrap`` also of a comparison of
two detectors.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmdet_plus.cli.arguments import ToolParser, at_least
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.errors import UserError

REPORT = Path(__file__).parents[1] / 'report.py'
SIZE = 600  # pixels of an image
OBJECTS = 7  # of an image on average, about as many as in COCO


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description='Time the report')
    parser.add_argument(
        '--images', type=at_least(1), default=5000, help='of the data set; 5000'
    )
    parser.add_argument(
        '--detections', type=at_least(1), default=100, help='of each image'
    )
    parser.add_argument(
        '--classes', type=at_least(1), default=80, help='of the data set; 80'
    )
    parser.add_argument('--seed', type=at_least(0), default=0, help='of chance; 0')
    parser.add_argument(
        '--bootstrap', action='store_true', help='compare two detectors as well'
    )
    return parser


def draw_objects(rng: np.random.Generator, num_images: int, num_classes: int) -> dict:
    """The content of an annotation file."""
    images = [
        dict(id=i, file_name=f'{i}.jpg', width=SIZE, height=SIZE)
        for i in range(1, num_images + 1)
    ]
    annotations = []
    for image, count in enumerate(rng.poisson(OBJECTS, num_images), start=1):
        for _ in range(count):
            width, height = (8 + rng.gamma(2, 45, 2)).tolist()
            x, y = (rng.random(2) * SIZE).tolist()
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=image,
                    category_id=int(rng.integers(1, num_classes + 1)),
                    bbox=[x, y, width, height],
                    area=width * height,
                    iscrowd=int(rng.random() < 0.01),
                )
            )
    categories = [dict(id=i, name=f'class {i}') for i in range(1, num_classes + 1)]
    return dict(images=images, annotations=annotations, categories=categories)


def draw_detections(
    rng: np.random.Generator, content: dict, num_per_img: int
) -> list[dict]:
    """Detections around objects, and anywhere: so many in each image."""
    num_classes = len(content['categories'])
    by_image: dict[int, list[dict]] = {image['id']: [] for image in content['images']}
    for annotation in content['annotations']:
        by_image[annotation['image_id']].append(annotation)
    results = []
    for image, own in by_image.items():
        for i in range(num_per_img):
            box, label, score = _anywhere(rng, num_classes)
            if own and i < 5 * len(own):
                target = own[i % len(own)]
                box = _moved(rng, target['bbox'])
                if rng.random() < 0.8:
                    label, score = target['category_id'], score**0.5
            results.append(
                dict(image_id=image, category_id=label, bbox=box, score=score)
            )
    return results


def _anywhere(
    rng: np.random.Generator, num_classes: int
) -> tuple[list[float], int, float]:
    box = [*(rng.random(2) * SIZE), *(8 + rng.gamma(2, 45, 2))]
    label = int(rng.integers(1, num_classes + 1))
    return [float(value) for value in box], label, float(rng.random())


def _moved(rng: np.random.Generator, bbox: list[float]) -> list[float]:
    width, height = bbox[2:]
    noise = rng.normal(0, 0.12, 4) * [width, height, width, height]
    moved = np.array(bbox) + noise
    return [*moved[:2].tolist(), *np.maximum(moved[2:], 1).tolist()]


def time_report(*flags: object) -> str:
    """Seconds, seconds of computing, and GiB of memory that a run takes, as cells."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    command = [sys.executable, str(REPORT), *map(str, flags)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f'tools/report.py failed: {done.stderr.strip()[-500:]}')
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    computing = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return f'{seconds:.0f} | {computing:.0f} | {used.ru_maxrss / 2**20:.1f} |'


def measure(argv: Sequence[str] | None) -> None:
    """Parse the arguments, draw the data and time the reports on them."""
    args = build_parser().parse_args(argv)
    rng = np.random.default_rng(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        truth = Path(folder) / 'truth.json'
        content = draw_objects(rng, args.images, args.classes)
        truth.write_text(json.dumps(content))
        found = [Path(folder) / name for name in ('first.json', 'second.json')]
        for path in found[: 1 + args.bootstrap]:
            results = draw_detections(rng, content, args.detections)
            path.write_text(json.dumps(results))
        shared = ['--ann', truth, '--out', Path(folder) / 'report']
        print('| report | seconds | of computing | GiB |\n| --- | --- | --- | --- |')
        cells = time_report('--predictions', found[0], *shared)
        print(f'| on one detector | {cells}', flush=True)
        if args.bootstrap:
            cells = time_report('--compare', *found, *shared)
            print(f'| comparison, 1000 resamples | {cells}')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(measure, argv)


if __name__ == '__main__':
    sys.exit(main())
