"""Train and test what plans name, each run with several seeds, and compare the results.

    python tools/analysis_tools/compare.py PLAN.yml [PLAN.yml ...] [--page PAGE.md]

A run that was interrupted goes on where it stopped; one that is done is not trained
again. Start the command several times, also on machines that share the work folder, to
divide the runs between processes. ``--dry-run`` lists what is left to do, and
``--report-only`` tells what is known so far; ``--time 20`` adds what each finished run
takes for an image. Beside the page, a folder of its name gets all numbers and pictures
of each plan. How to write one: docs/comparisons.md.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

import mmdet_plus  # noqa: F401  registers the components
from mmdet_plus.analysis.comparison.measurements import Outcome, compare, measure
from mmdet_plus.analysis.comparison.page import plan_page, record, whole_page
from mmdet_plus.analysis.comparison.plan import Plan, read_plan
from mmdet_plus.analysis.comparison.plot import plot_outcomes, plot_prices
from mmdet_plus.analysis.comparison.runs import Commands, Job, jobs_of, work_on
from mmdet_plus.analysis.comparison.times import time_runs
from mmdet_plus.cli.arguments import ToolParser, at_least
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.errors import UserError
from mmdet_plus.whole_files import written_whole

TOOLS = Path(__file__).parents[1]
Part = tuple[Plan, Sequence[Outcome], str]


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument('plans', type=Path, nargs='+', help='YAML files')
    parser.add_argument(
        '--work-dir',
        type=Path,
        default=Path('work_dirs/compare'),
        help='where trainings go; work_dirs/compare',
    )
    parser.add_argument('--page', type=Path, help='markdown file to write')
    parser.add_argument(
        '--runs', nargs='+', metavar='NAME', default=(), help='only these of the plans'
    )
    parser.add_argument(
        '--report-only', action='store_true', help='of what is done; train nothing'
    )
    parser.add_argument(
        '--threads',
        type=at_least(1),
        default=1,
        help='of each training and of the times; default 1',
    )
    parser.add_argument(
        '--time',
        type=at_least(1),
        metavar='ROUNDS',
        help='measure what the finished runs take for an image, the median of so many '
        'rounds; nothing else should run',
    )
    parser.add_argument(
        '--dry-run', action='store_true', help='list what is left to do'
    )
    return parser


def report(plan: Plan, jobs: Sequence[Job], folder: Path, name: str) -> Part:
    """Measure the finished jobs, write figures and plots; return the page's part."""
    results = measure(jobs)
    outcomes = [compare(claim, plan.seeds, results) for claim in plan.claims]
    _write_json(folder / f'{name}.json', record(plan, jobs, results, outcomes))
    plots = {}
    # In numbers per object, not in AP.
    drawn = [o for o in outcomes if o.seeds and not o.claim.less]
    if drawn:
        plot_outcomes(drawn, folder / f'{name}.png')
        plots['Differences with intervals'] = f'{folder.name}/{name}.png'
    times_file = folder / f'{name}_times.json'
    by_key = json.loads(times_file.read_text())['ms'] if times_file.is_file() else {}
    # A run that was changed since has another key.
    keys = {name: run.key for name, run in plan.runs.items()}
    times = {name: by_key[key] for name, key in keys.items() if key in by_key}
    if times:
        plot_prices(plan, results, times, folder / f'{name}_times.png')
        plots['AP against time'] = f'{folder.name}/{name}_times.png'
    page = plan_page(plan, jobs, results, outcomes, plots, times)
    return plan, outcomes, page


def measure_times(jobs: Sequence[Job], path: Path, rounds: int, threads: int) -> None:
    """Time the finished jobs and write what ``report`` reads."""
    torch.set_num_threads(threads)
    times = time_runs(jobs, rounds)
    if times:
        _write_json(path, dict(ms=times, rounds=rounds, threads=threads))


def _write_json(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as place:
        place.write_text(json.dumps(content, indent=1) + '\n')


def run(argv: Sequence[str] | None) -> None:
    """Parse the arguments, do what is left, and report."""
    args = build_parser().parse_args(argv)
    # All errors of the plans come before hours of training.
    plans = {path: read_plan(path) for path in args.plans}
    _check_names(args.runs, plans)
    root = args.work_dir.resolve()
    jobs = {path: jobs_of(plan, root) for path, plan in plans.items()}
    chosen = [jobs_of(plan, root, args.runs) for plan in plans.values()]
    # By their folder: plans share runs.
    distinct = {job.folder: job for own in chosen for job in own}
    left = [job for job in distinct.values() if not job.is_done]
    if args.dry_run:
        for job in left:
            print(f'{job.run.name}, seed {job.seed}: {job.folder}')
        return
    if not args.report_only:
        python = [sys.executable]
        commands = Commands(
            [*python, str(TOOLS / 'train.py')], [*python, str(TOOLS / 'test.py')]
        )
        work_on(left, commands, threads=args.threads)
    folder = args.page.with_suffix('') if args.page else root / 'report'
    if args.time:
        for path, own in zip(plans, chosen, strict=True):
            place = folder / f'{_name(path)}_times.json'
            measure_times(own, place, args.time, args.threads)
    parts = [
        report(plan, jobs[path], folder, _name(path)) for path, plan in plans.items()
    ]
    page = whole_page(parts)
    print(page)
    if args.page:
        with written_whole(args.page) as place:
            place.write_text(page)


def _name(path: Path) -> str:
    """Of a plan's files, such as ``d2det`` of ``d2det/evidence.yml``."""
    words = [path.resolve().parent.name, *path.stem.split('_')[1:]]
    return '_'.join(words)


def _check_names(names: Sequence[str], plans: dict[Path, Plan]) -> None:
    known = {name for plan in plans.values() for name in plan.runs}
    for name in names:
        if name not in known:
            raise UserError(f'--runs: there is no run {name!r} in the plans')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(run, argv)


if __name__ == '__main__':
    sys.exit(main())
