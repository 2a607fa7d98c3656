"""How long the detectors of a comparison take for an image."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial

import torch
from mmdet.models.detectors import BaseDetector
from mmdet.registry import DATASETS, LOOPS
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope

from ...engine.mixed_precision_test_loop import MixedPrecisionTestLoop
from ...engine.optim_wrappers.cpu_amp_optim_wrapper import bfloat16_autocast
from ..inference_cost.detectors import build_trained
from ..inference_cost.timing import median_seconds
from .runs import Job, job_config

NUM_IMAGES = 8


def time_runs(jobs: Sequence[Job], rounds: int) -> dict[str, float]:
    """Milliseconds on the CPU for an image of each run that is done, by its key.

    The runs take turns. Each predicts the first images of its own test data, one by
    one, as loaded before, with the weights of its first seed. Runs whose weights are
    gone are left out.

    Args:
        jobs: of one plan.
        rounds: of which the median is taken.
    """
    init_default_scope('mmdet')
    first: dict[str, Job] = {}
    for job in jobs:
        if job.is_done and job.has_weights:
            first.setdefault(job.run.key, job)
    tasks = {key: _prediction(job) for key, job in first.items()}
    seconds = median_seconds(tasks, rounds)
    return {key: own * 1000 / NUM_IMAGES for key, own in seconds.items()}


def _prediction(job: Job) -> Callable[[], None]:
    cfg = job_config(job)
    data = DATASETS.build(cfg.test_dataloader.dataset)
    batches = [pseudo_collate([data[i]]) for i in range(min(NUM_IMAGES, len(data)))]
    # As ``tools/test.py --amp``.
    loop = LOOPS.get(cfg.test_cfg.get('type', 'TestLoop'))
    halves = issubclass(loop, MixedPrecisionTestLoop)
    model = build_trained(cfg, str(job.checkpoint))
    return partial(_predict, model, batches, halves)


@torch.no_grad()
def _predict(model: BaseDetector, batches: Sequence[dict], halves: bool) -> None:
    with bfloat16_autocast(model) if halves else nullcontext():
        for batch in batches:
            model.test_step(batch)
