"""Tables of a comparison: a page in markdown, and all numbers for programs."""

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from ..bootstrap import Interval
from .measurements import Outcome, Results
from .plan import Claim, Plan, Run
from .runs import Job

COLUMNS = ('AP', 'AP50', 'AP75', 'APs', 'APm', 'APl')
INTRODUCTION = """\
# Evidence

Which claims of the papers hold here. Written by `make evidence` from what the files
`configs/*/evidence*.yml` plan: each run is trained with several seeds, and the runs of
a plan share data, length, start weights and all else but what a claim is about.

A claim *holds* where the difference is on its side, and *is contradicted* where it is
on the other, in both 95 % intervals: over seeds (Student's, of differences paired by
seed) and over images (bootstrap of the same images for both, averaged over seeds).
Otherwise it *does not show here*, which is no evidence against it: the intervals say
how large an effect could have been missed. One claim of twenty is expected outside its
interval by chance. Small models on drawn shapes say what the parts do in like
circumstances, not what they reach on COCO.

CPU minutes are those of the processor for one training, so that other programs on the
machine do not count; memory is that of the whole program."""
HEADER = ('claim', 'source', 'difference', '95 % over seeds', '95 % over images')


def whole_page(parts: Iterable[tuple[Plan, Sequence[Outcome], str]]) -> str:
    """Introduction, how many claims hold, and the parts of all plans.

    Args:
        parts: each plan, what became of its claims, and its part of the page.
    """
    parts = list(parts)
    rows = [
        _row(['paper', 'holds', 'contradicted', 'does not show here', 'to measure'])
    ]
    rows.append('|' + ' --- |' * 5)
    for plan, outcomes, _ in parts:
        if not plan.claims:
            continue
        verdicts = [outcome.verdict for outcome in outcomes]
        counts = [
            verdicts.count(name)
            for name in ('holds', 'contradicted', 'does not show here')
        ]
        rows.append(_row([plan.title, *counts, len(verdicts) - sum(counts)]))
    return (
        '\n\n'.join(
            [INTRODUCTION, '\n'.join(rows), *(text.strip() for _, _, text in parts)]
        )
        + '\n'
    )


def plan_page(
    plan: Plan,
    jobs: Sequence[Job],
    results: Results,
    outcomes: Sequence[Outcome],
    plots: Mapping[str, str] = MappingProxyType({}),
    times: Mapping[str, float] = MappingProxyType({}),
) -> str:
    """A plan's part of the page, in markdown.

    Args:
        plan: what was planned.
        jobs: all of the plan, also those that are not done.
        results: figures of those that are.
        outcomes: what became of the claims.
        plots: paths of pictures, by what they show.
        times: milliseconds for an image, by name of the run.
    """
    parts = [
        f'## {plan.title}',
        *([plan.about.strip()] if plan.about else []),
        *([claim_table(outcomes)] if outcomes else []),
        *(
            f'{o.claim.text}: {o.claim.why}'
            for o in outcomes
            if o.claim.why and o.seeds
        ),
        *(f'![{title}]({path})' for title, path in plots.items()),
        run_table(plan, jobs, results, times),
        _origin(jobs),
    ]
    return '\n\n'.join(part for part in parts if part) + '\n'


def _origin(jobs: Sequence[Job]) -> str:
    """What the numbers rest on."""
    found: dict[str, dict[str, None]] = {}
    for job in jobs:
        if job.is_done:
            about = json.loads(job.result_file.read_text())
            threads = f'{about["threads"]} thread{"s" * (about["threads"] > 1)}'
            facts = {'': f'{threads} on {about["device"]}', **about['versions']}
            for name, value in facts.items():
                found.setdefault(name, {})[str(value)] = None
    if not found:
        return ''
    seeds = ', '.join(map(str, dict.fromkeys(job.seed for job in jobs)))
    rest = [f'{name} {", ".join(values)}'.strip() for name, values in found.items()]
    return f'Seeds {seeds}; {"; ".join(rest)}.'


def record(
    plan: Plan, jobs: Sequence[Job], results: Results, outcomes: Sequence[Outcome]
) -> dict:
    """All numbers of a plan, for programs."""
    figures = [
        dict(
            run=name,
            seed=seed,
            kind=kind,
            **_known({figure: float(v[0]) for figure, v in own.plain.items()}),
        )
        for (name, seed, kind), own in results.items()
    ]
    claims = [
        dict(
            vars(outcome.claim),
            seeds=list(outcome.seeds),
            over_seeds=_known(outcome.over_seeds._asdict()),
            over_images=_known(outcome.over_images._asdict()),
            verdict=outcome.verdict,
        )
        for outcome in outcomes
    ]
    trainings = [
        json.loads(job.result_file.read_text()) | dict(name=job.run.name)
        for job in jobs
        if job.is_done
    ]
    return dict(title=plan.title, trainings=trainings, figures=figures, claims=claims)


def _known(numbers: dict[str, float]) -> dict[str, float | None]:
    """JSON has no infinity, and no nan."""
    return {
        name: value if math.isfinite(value) else None for name, value in numbers.items()
    }


def run_table(
    plan: Plan,
    jobs: Sequence[Job],
    results: Results,
    times: Mapping[str, float] = MappingProxyType({}),
) -> str:
    """Mean and standard deviation over the seeds, time and memory of a training.

    The minutes of trainings that were interrupted are not known. A column of ``times``
    is there if there are any.
    """
    names = ['run', 'epochs', 'seeds', *COLUMNS, 'CPU minutes', 'peak GiB']
    names += ['ms an image'] if times else []
    rows = [_row(names), '|' + ' --- |' * len(names)]
    for name, run in plan.runs.items():
        own_jobs = [job for job in jobs if job.run.name == name and job.is_done]
        for kind in ('bbox', 'segm'):
            found = [
                results[name, job.seed, kind]
                for job in own_jobs
                if (name, job.seed, kind) in results
            ]
            if found:
                cells = [
                    spread([float(own.plain[column][0]) for own in found])
                    for column in COLUMNS
                ]
                title = name if kind == 'bbox' else f'{name}, masks'
                cells += [*_usage(own_jobs), *_time(name, times)]
                rows.append(_row([title, _length(run), len(found), *cells]))
        if not own_jobs:
            rows.append(_row([name, _length(run), 0, *[''] * (len(names) - 3)]))
    return '\n'.join(rows)


def _time(name: str, times: Mapping[str, float]) -> list[str]:
    """A cell, where the table has such a column."""
    if not times:
        return []
    return [f'{times[name]:.1f}' if name in times else '']


def _length(run: Run) -> str:
    if run.weights_of:
        return f'as {run.weights_of.name}'
    return str(run.epochs or 'of the config')


def _usage(jobs: Sequence[Job]) -> tuple[str, str]:
    """Mean minutes, and the most memory, of trainings."""
    trained = [
        json.loads(job.result_file.read_text())
        for job in jobs
        if not job.run.weights_of
    ]
    if not trained:
        return '', ''
    whole = [own['cpu_seconds'] for own in trained if not own.get('interrupted')]
    minutes = f'{statistics.mean(whole) / 60:.1f}' if whole else ''
    return minutes, f'{max(own["peak_mib"] for own in trained) / 1024:.1f}'


def claim_table(outcomes: Sequence[Outcome]) -> str:
    """Each claim, its difference, both intervals, and the verdict."""
    rows = [_row([*HEADER, 'verdict']), '|' + ' --- |' * (len(HEADER) + 1)]
    for outcome in outcomes:
        claim = outcome.claim
        cells = [claim.text, claim.source, *_difference(outcome), outcome.verdict]
        rows.append(_row(cells))
    return '\n'.join(rows)


def _difference(outcome: Outcome) -> tuple[str, str, str]:
    name = figure_name(outcome.claim)
    if not outcome.seeds:
        return name, '', ''
    value = f'{name} {outcome.over_seeds.value:+.3f}'
    return value, _interval(outcome.over_seeds), _interval(outcome.over_images)


def figure_name(claim: Claim) -> str:
    """The figure, and of what if not of boxes."""
    return claim.figure if claim.kind == 'bbox' else f'mask {claim.figure}'


def spread(values: Sequence[float]) -> str:
    """Mean, and standard deviation where there are several values."""
    text = f'{statistics.mean(values):.3f}'
    return f'{text} ± {statistics.stdev(values):.3f}' if len(values) > 1 else text


def _interval(interval: Interval) -> str:
    if interval.low != interval.low:
        return 'one seed'
    return f'{interval.low:+.3f} to {interval.high:+.3f}'


def _row(cells: Sequence[object]) -> str:
    return '| ' + ' | '.join(map(str, cells)) + ' |'
