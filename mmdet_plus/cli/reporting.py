"""What ``tools/report.py`` and ``tools/test.py --report`` share."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from mmengine.config import Config
from mmengine.dist import get_world_size, is_main_process
from mmengine.runner import Runner
from tqdm import tqdm

from ..analysis.report.data_sets import read_data_set
from ..analysis.report.methods import Study, watched
from ..analysis.report.methods.study import FinishedTest
from ..analysis.report.parts import Chapter
from ..analysis.report.predictions import load_predictions
from ..analysis.report.single import describe_detector
from ..analysis.report.writing import write_report
from .preflight.dataset_configs import iter_evaluators

PREDICTIONS = 'predictions.pkl'
Item = TypeVar('Item')


def show_progress(items: Iterable[Item]) -> Iterator[Item]:
    """The items, with a bar that goes when it is full."""
    return iter(tqdm(items, leave=False, desc='report'))


def keep_predictions(cfg: Config, out_dir: Path) -> None:
    """Let a test write its predictions into the folder of the report.

    Args:
        cfg: the whole config; changed in place.
        out_dir: of the report.
    """
    metrics = [metric for _, metric in iter_evaluators(cfg, 'test_evaluator')]
    path = str(out_dir / PREDICTIONS)
    dump = dict(type='DumpDetResults', out_file_path=path)
    cfg.test_evaluator = [*metrics, dump]


def test_and_report(runner: Runner, out_dir: Path) -> None:
    """Run a test whose predictions are kept, and write the report on it.

    Args:
        runner: with the config that ``keep_predictions`` changed.
        out_dir: of the report.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    studies: list[Study] = []
    if get_world_size() == 1:
        with watched(runner.model) as studies:
            runner.test()
    else:  # a process sees a part of the images
        runner.test()
    if not is_main_process():
        return
    dataset = runner.test_dataloader.dataset
    data = read_data_set(dataset)
    found = load_predictions(out_dir / PREDICTIONS, data.truth, data.places)
    cfg, model = runner.cfg, runner.model
    facts = {'config': str(cfg.filename), 'checkpoint': str(cfg.load_from)}
    title = Path(str(cfg.filename)).stem
    report = describe_detector(
        data.truth,
        found,
        title,
        image_dir=Path(),
        facts=facts,
        methods=lambda boxes: _chapter(
            studies, FinishedTest(model, dataset, data, boxes)
        ),
        track=show_progress,
    )
    print(f'report: {write_report(report, out_dir)}')


def _chapter(studies: Sequence[Study], tested: FinishedTest) -> Chapter | None:
    """What the studies saw, if there are any."""
    sections = [study.section(tested) for study in show_progress(studies)]
    return Chapter('method', 'Method', sections) if sections else None
