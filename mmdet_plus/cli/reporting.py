"""What ``tools/report.py`` and ``tools/test.py --report`` share."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner
from tqdm import tqdm

from ..analysis.report.data_sets import read_data_set
from ..analysis.report.predictions import from_samples, load_samples
from ..analysis.report.single import describe_detector
from ..analysis.report.writing import write_report
from ..errors import UserError
from .preflight.dataset_configs import iter_evaluators

PREDICTIONS = 'predictions.pkl'
Item = TypeVar('Item')


def show_progress(items: Iterable[Item]) -> Iterator[Item]:
    """The items, with a bar that goes when it is full."""
    return iter(tqdm(items, leave=False, desc='report'))


def check_out_dir(out_dir: Path, flag: str) -> None:
    """Raise ``UserError`` if a report cannot be written there."""
    if out_dir.exists() and not out_dir.is_dir():
        raise UserError(f'{flag} {out_dir} is a file')


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
    runner.test()
    if not is_main_process():
        return
    dataset = runner.test_dataloader.dataset
    data = read_data_set(dataset)
    samples = load_samples(out_dir / PREDICTIONS)
    found = from_samples(samples, data.truth, data.places)
    cfg = runner.cfg
    facts = {'config': str(cfg.filename), 'checkpoint': str(cfg.load_from)}
    title = Path(str(cfg.filename)).stem
    report = describe_detector(
        data.truth,
        found,
        title,
        image_dir=Path(),
        facts=facts,
        track=show_progress,
    )
    print(f'report: {write_report(report, out_dir)}')
