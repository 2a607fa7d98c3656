"""Tables and a plot of a comparison."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt

from ..bootstrap import Interval
from .measurements import Outcome, Results
from .plan import Plan
from .runs import Job

COLUMNS = ('AP', 'AP50', 'AP75', 'APs', 'APm', 'APl')


def plan_page(
    plan: Plan, jobs: Sequence[Job], results: Results, outcomes: Sequence[Outcome]
) -> str:
    """A plan's part of the page, in markdown."""
    about = json.loads(jobs[0].result_file.read_text())['versions']
    versions = ', '.join(f'{name} {value}' for name, value in about.items() if value)
    seeds = ', '.join(map(str, plan.seeds))
    parts = [
        f'## {plan.title}',
        *([plan.about.strip()] if plan.about else []),
        run_table(plan, jobs, results),
        *([claim_table(outcomes)] if outcomes else []),
        *(f'{o.claim.text}: {o.claim.why}' for o in outcomes if o.claim.why),
        f'Seeds {seeds}; {versions}.',
    ]
    return '\n\n'.join(parts) + '\n'


def record(
    plan: Plan, jobs: Sequence[Job], results: Results, outcomes: Sequence[Outcome]
) -> dict:
    """All numbers of a plan, for programs."""
    figures = [
        dict(
            run=name,
            seed=seed,
            kind=kind,
            **{figure: float(values[0]) for figure, values in own.plain.items()},
        )
        for (name, seed, kind), own in results.items()
    ]
    claims = [
        dict(
            vars(outcome.claim),
            over_seeds=outcome.over_seeds._asdict(),
            over_images=outcome.over_images._asdict(),
            verdict=outcome.verdict,
        )
        for outcome in outcomes
    ]
    trainings = [json.loads(job.result_file.read_text()) for job in jobs]
    return dict(title=plan.title, trainings=trainings, figures=figures, claims=claims)


def run_table(plan: Plan, jobs: Sequence[Job], results: Results) -> str:
    """Mean and standard deviation over the seeds, time and memory of a training."""
    usage = {
        (job.run.name, job.seed): json.loads(job.result_file.read_text())
        for job in jobs
    }
    rows = [_row(['run', 'epochs', *COLUMNS, 'minutes', 'peak GiB'])]
    rows.append('|' + ' --- |' * (len(COLUMNS) + 4))
    for name, run in plan.runs.items():
        for kind in ('bbox', 'segm'):
            found = [results.get((name, seed, kind)) for seed in plan.seeds]
            if any(own is None for own in found):
                continue
            cells = [
                spread([float(own.plain[column][0]) for own in found if own])
                for column in COLUMNS
            ]
            own_usage = [usage[name, seed] for seed in plan.seeds]
            minutes = statistics.mean(own['seconds'] for own in own_usage) / 60
            memory = max(own['peak_mib'] for own in own_usage) / 1024
            title = name if kind == 'bbox' else f'{name}, masks'
            length = run.epochs or 'of the config'
            rows.append(
                _row([title, length, *cells, f'{minutes:.0f}', f'{memory:.1f}'])
            )
    return '\n'.join(rows)


def claim_table(outcomes: Sequence[Outcome]) -> str:
    """Each claim, its difference, both intervals, and the verdict."""
    header = ['claim', 'source', 'difference', '95 % over seeds', '95 % over images']
    rows = [_row([*header, 'verdict']), '|' + ' --- |' * 6]
    for outcome in outcomes:
        claim, change = outcome.claim, outcome.over_seeds.value
        figure = claim.figure if claim.kind == 'bbox' else f'mask {claim.figure}'
        intervals = map(_interval, (outcome.over_seeds, outcome.over_images))
        text = f'{figure} {change:+.3f}'
        rows.append(_row([claim.text, claim.source, text, *intervals, outcome.verdict]))
    return '\n'.join(rows)


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


def plot_outcomes(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw the differences with both intervals; zero is a line."""
    height = 1 + 0.55 * len(outcomes)
    figure, axes = plt.subplots(figsize=(9, height), layout='constrained')
    for row, outcome in enumerate(reversed(outcomes)):
        for shift, interval, colour in (
            (0.12, outcome.over_seeds, 'tab:blue'),
            (-0.12, outcome.over_images, 'tab:orange'),
        ):
            axes.plot([interval.low, interval.high], [row + shift] * 2, color=colour)
            axes.plot(interval.value, row + shift, 'o', color=colour)
    axes.axvline(0, color='grey', linewidth=0.8)
    names = [f'{o.claim.better} - {o.claim.than}' for o in reversed(outcomes)]
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel('difference; 95 % over seeds (blue) and over images (orange)')
    figure.savefig(path, dpi=120)
    plt.close(figure)
