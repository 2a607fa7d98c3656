"""Merged values of configs against tables of the papers' numbers, in papers/*.yml.

Each entry names the section or table of the paper, the configs by patterns of their
names, and what they have once their bases are merged.
"""

from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
import yaml
from mmengine.config import Config
from samples.configs import load_config, plain, reported_numbers

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / 'configs'
TABLES = {
    path.stem: yaml.safe_load(path.read_text())
    for path in sorted((HERE / 'papers').glob('*.yml'))
}
# What a row is about, whatever the paper: each config of one has to have them tested.
OF_EVERY_ROW = {'images', 'length', 'drops', 'factor', 'train scale', 'test scale'}
DETAILS = (
    ('optim_wrapper.optimizer',),
    ('model.test_cfg.rcnn', 'model.test_cfg.nms'),
    (
        'model.train_cfg.rcnn',
        'model.train_cfg.assigner',
        'model.train_cfg.neg_pos_ratio',
    ),
    ('model.rpn_head.anchor_generator', 'model.bbox_head.anchor_generator'),
    ('model.backbone.depth', 'model.backbone.type', 'model.roi_head'),
)


@cache
def configs_of(method: str) -> dict[str, Path]:
    """Configs of a method and the baselines, by name."""
    folders = (FOLDER / method, FOLDER / 'baselines')
    return {path.stem: path for folder in folders for path in folder.glob('*.py')}


def names_of(entry: dict, method: str) -> list[str]:
    return [
        name
        for name in configs_of(method)
        if any(fnmatch(name, pattern) for pattern in entry['configs'])
        and not any(fnmatch(name, pattern) for pattern in entry.get('except', []))
    ]


def expected_values() -> dict[tuple[str, str], dict[str, tuple[object, str]]]:
    """Method and config: what each key should be, and where the paper says so."""
    expected: dict[tuple[str, str], dict[str, tuple[object, str]]] = {}
    for method, entries in TABLES.items():
        for entry in entries:
            for name in names_of(entry, method):
                own = expected.setdefault((method, name), {})
                for key, value in entry['values'].items():
                    assert key not in own, f'{name}: {key} is in two entries'
                    own[key] = value, entry['where']
    return expected


EXPECTED = expected_values()


def steps_of(loader: dict) -> dict[str, dict]:
    dataset = loader['dataset']
    while 'pipeline' not in dataset:
        dataset = dataset.get('dataset') or dataset['datasets'][0]
    return {step['type']: step for step in dataset['pipeline']}


def scale_of(steps: dict[str, dict]) -> object:
    (resize,) = [step for name, step in steps.items() if name.endswith('Resize')]
    return resize['scale']


def summary(cfg: Config) -> dict[str, object]:
    """What configs write in several ways, by one name each."""
    (decay,) = [s for s in cfg.param_scheduler if s.type != 'LinearLR']
    warm_up = [s for s in cfg.param_scheduler if s.type == 'LinearLR']
    train_steps = steps_of(cfg.train_dataloader)
    return {
        'images': cfg.auto_scale_lr.base_batch_size,
        'images of a GPU': cfg.train_dataloader.batch_size,
        'length': cfg.train_cfg.get('max_epochs', cfg.train_cfg.get('max_iters')),
        'drops': decay.get('milestones', [decay.get('begin')]),
        'factor': decay.get('gamma', decay.get('factor')),
        'warm-up': [warm_up[0].start_factor, warm_up[0].end] if warm_up else 'absent',
        'train scale': scale_of(train_steps),
        'test scale': scale_of(steps_of(cfg.test_dataloader)),
        'flip': train_steps['RandomFlip']['prob'],
    }


def value_at(cfg: Config, key: str) -> object:
    if '.' not in key and key in (own := summary(cfg)):
        return own[key]
    node: object = cfg
    for name in key.split('.'):
        if not isinstance(node, dict | Config) or name not in node:
            return 'absent'
        node = node[name]
    return node


@cache
def read(path: Path) -> Config:
    return load_config(path)


@pytest.mark.parametrize(('method', 'name'), EXPECTED, ids=lambda part: part)
def test_values_are_those_of_the_paper(method, name):
    cfg = read(configs_of(method)[name])
    wrong = {
        key: (where, 'expected', value, 'found', found)
        for key, (value, where) in EXPECTED[method, name].items()
        if (found := plain(value_at(cfg, key))) != value
    }
    assert wrong == {}


@pytest.mark.parametrize('method', TABLES)
def test_every_entry_is_of_a_config(method):
    unused = [entry for entry in TABLES[method] if not names_of(entry, method)]
    assert unused == []


@pytest.mark.parametrize('name', sorted({name for name, *_ in reported_numbers()}))
def test_every_row_of_a_paper_is_held_to_it(name):
    (values,) = [values for (_, own), values in EXPECTED.items() if own == name]
    assert set(values) >= OF_EVERY_ROW
    for wanted in DETAILS:
        assert any(key.startswith(wanted) for key in values), wanted
