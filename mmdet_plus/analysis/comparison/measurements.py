"""Figures of finished runs, and their differences with intervals."""

import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmengine.config import Config
from scipy import stats

from ...errors import UserError
from ..bootstrap import LEVEL, NUM_RESAMPLES, Interval, draw_images, percentile_interval
from ..report.evaluation import evaluate
from ..report.figures_of_merit import Numbers, figures
from ..report.predictions import load_ground_truth, load_predictions
from .plan import Claim, Plan, Run
from .runs import Job


class Measured(NamedTuple):
    """A finished job's figures: on the images, and on draws of them."""

    plain: Numbers
    resampled: Numbers


class Outcome(NamedTuple):
    """What became of a claim.

    Attributes:
        claim: what was claimed.
        over_seeds: mean difference, and where it would lie with other seeds.
        over_images: the same difference, with other images.
    """

    claim: Claim
    over_seeds: Interval
    over_images: Interval

    @property
    def verdict(self) -> str:
        """Holds or is contradicted only where both intervals say so."""
        if not (self.over_seeds.is_clear and self.over_images.is_clear):
            return 'does not show here'
        return 'holds' if self.over_seeds.value > 0 else 'contradicted'


Results = dict[tuple[str, int, str], Measured]


def measure(plan: Plan, jobs: Sequence[Job]) -> Results:
    """Figures of all jobs, by name of the run, seed, and kind.

    Masks are measured where a run has any. All runs are judged by the same draws of
    images.
    """
    results = {}
    for job in jobs:
        for kind in ('bbox', 'segm'):
            if job.predictions(kind).is_file():
                results[job.run.name, job.seed, kind] = _measure(job, kind)
    return results


def _measure(job: Job, kind: str) -> Measured:
    truth = load_ground_truth(annotation_file(job.run))
    found = load_predictions(job.predictions(kind), truth)
    evaluation = evaluate(truth, found, kind)
    draws = draw_images(truth.num_images, NUM_RESAMPLES)
    ones = np.ones((truth.num_images, 1), np.int32)
    return Measured(figures(evaluation, ones), figures(evaluation, draws))


def annotation_file(run: Run) -> Path:
    """The ground truth that a run is tested on.

    Raises:
        UserError: if its evaluator names none.
    """
    evaluator = Config.fromfile(run.config).test_evaluator
    for metric in evaluator if isinstance(evaluator, list) else [evaluator]:
        if metric.get('ann_file'):
            return Path(metric.ann_file)
    raise UserError(f'{run.config}: test_evaluator names no ann_file')


def compare(claim: Claim, seeds: Sequence[int], results: Results) -> Outcome:
    """The difference of a claim's two runs, seed by seed.

    Raises:
        UserError: if there is no such figure.
    """
    changes, resampled = [], []
    for seed in seeds:
        better, than = (
            results[name, seed, claim.kind] for name in (claim.better, claim.than)
        )
        if claim.figure not in better.plain:
            known = ', '.join(better.plain)
            raise UserError(f'no figure {claim.figure!r}; there are {known}')
        changes.append(float(difference(better.plain, than.plain, claim)[0]))
        resampled.append(difference(better.resampled, than.resampled, claim))
    mean = statistics.mean(changes)
    images = percentile_interval(mean, np.mean(resampled, axis=0))
    return Outcome(claim, seed_interval(changes), images)


def difference(better: Numbers, than: Numbers, claim: Claim) -> np.ndarray:
    """By how much one has more of the claim's figure, on each draw."""
    return better[claim.figure] - than[claim.figure]


def seed_interval(values: Sequence[float], level: float = LEVEL) -> Interval:
    """Student's interval of the mean of values that are paired by their seeds.

    Not a number where there are fewer than two: one training says nothing of others.
    """
    mean = statistics.mean(values)
    if len(values) < 2:
        return Interval(mean, math.nan, math.nan)
    width = stats.t.ppf((1 + level) / 2, len(values) - 1)
    width *= statistics.stdev(values) / math.sqrt(len(values))
    return Interval(mean, mean - width, mean + width)
