"""Figures of finished runs, and their differences with intervals."""

import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import stats

from ...errors import UserError
from ...whole_files import written_whole
from ..bootstrap import LEVEL, NUM_RESAMPLES, Interval, draw_images, percentile_interval
from ..report.evaluation import evaluate
from ..report.figures_of_merit import Numbers, figures
from ..report.predictions import load_ground_truth, load_predictions
from .false_positive_rates import false_positive_rates
from .plan import Claim, Run
from .runs import Job

VERDICTS = ('holds', 'contradicted', 'does not show here')
NOTHING = Interval(math.nan, math.nan, math.nan)


class Measured(NamedTuple):
    """A finished job's figures: on the images, and on draws of them."""

    plain: Numbers
    resampled: Numbers


class Outcome(NamedTuple):
    """What became of a claim.

    Attributes:
        claim: what was claimed.
        seeds: those that both runs were trained with so far.
        num_planned: how many there will be.
        over_seeds: mean difference, and where it would lie with other seeds.
        over_images: the same difference, with other images.
    """

    claim: Claim
    seeds: Sequence[int]
    num_planned: int
    over_seeds: Interval = NOTHING
    over_images: Interval = NOTHING

    @property
    def verdict(self) -> str:
        """Holds or is contradicted only where both intervals say so."""
        if not self.seeds:
            return 'not measured yet'
        if len(self.seeds) < self.num_planned:
            return f'{len(self.seeds)} of {self.num_planned} seeds so far'
        holds, contradicted, does_not_show = VERDICTS
        if not (self.over_seeds.is_clear and self.over_images.is_clear):
            return does_not_show
        return contradicted if self._is_worse else holds

    @property
    def _is_worse(self) -> bool:
        return (self.over_seeds.value < 0) != self.claim.less


Results = dict[tuple[str, int, str], Measured]


def measure(jobs: Sequence[Job]) -> Results:
    """Figures of the jobs that are done, by name of the run, seed, and kind.

    Masks are measured where a run has any. All runs are judged by the same draws of
    images.
    """
    return {
        (job.run.name, job.seed, kind): _measure(job, kind)
        for job in jobs
        for kind in ('bbox', 'segm')
        if job.is_done and job.predictions(kind).is_file()
    }


def _measure(job: Job, kind: str) -> Measured:
    """As it was measured before, if nothing changed: it takes half a minute."""
    path = job.folder / f'figures.{kind}.npz'
    found = job.predictions(kind)
    if not path.is_file() or path.stat().st_mtime < found.stat().st_mtime:
        with written_whole(path) as place, place.open('wb') as stream:
            np.savez(stream, allow_pickle=False, **_figures(job, kind))
    content = np.load(path)
    return Measured(
        {name: content[name][:1] for name in content.files},
        {name: content[name][1:] for name in content.files},
    )


def _figures(job: Job, kind: str) -> dict[str, np.ndarray]:
    """Of the images as they are, and then of each draw."""
    truth = load_ground_truth(annotation_file(job.run))
    found = load_predictions(job.predictions(kind), truth)
    evaluation = evaluate(truth, found, kind)
    ones = np.ones((truth.num_images, 1), np.int32)
    draws = draw_images(truth.num_images, NUM_RESAMPLES)
    plain, resampled = (
        figures(evaluation, own) | false_positive_rates(evaluation, own)
        for own in (ones, draws)
    )
    return {
        name: np.concatenate([value, resampled[name]]) for name, value in plain.items()
    }


def annotation_file(run: Run) -> Path:
    """The ground truth that a run is tested on.

    Raises:
        UserError: if its evaluator names none.
    """
    evaluator = run.content().get('test_evaluator')
    for metric in evaluator if isinstance(evaluator, list) else [evaluator]:
        if metric.get('ann_file'):
            return Path(metric.ann_file)
    raise UserError(f'{run.config}: test_evaluator names no ann_file')


def compare(claim: Claim, seeds: Sequence[int], results: Results) -> Outcome:
    """The difference of a claim's two runs, seed by seed, of the seeds that both have.

    Raises:
        UserError: if there is no such figure.
    """
    names = claim.better, claim.than
    done = [
        seed
        for seed in seeds
        if all((name, seed, claim.kind) in results for name in names)
    ]
    if not done:
        return Outcome(claim, done, len(seeds))
    changes, resampled = [], []
    for seed in done:
        better, than = (results[name, seed, claim.kind] for name in names)
        if claim.figure not in better.plain:
            known = ', '.join(better.plain)
            raise UserError(f'no figure {claim.figure!r}; there are {known}')
        changes.append(float(difference(better.plain, than.plain, claim)[0]))
        resampled.append(difference(better.resampled, than.resampled, claim))
    mean = statistics.mean(changes)
    images = percentile_interval(mean, np.mean(resampled, axis=0))
    return Outcome(claim, done, len(seeds), seed_interval(changes), images)


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
