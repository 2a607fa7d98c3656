"""Configs of MMDetection and our own pass the checks before a run, but for slips."""

import contextlib
from itertools import groupby
from pathlib import Path

import mmdet
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmdet_plus.cli.preflight.checks import check_values
from mmdet_plus.cli.preflight.config_keys import check_names
from mmdet_plus.cli.preflight.trial_pass import check_fits

FOLDER = Path(mmdet.__file__).parent / '.mim' / 'configs'
STOCK = [path for path in sorted(FOLDER.rglob('*.py')) if '_base_' not in path.parts]
OWN_FOLDER = Path(__file__).parents[2] / 'configs'
OWN = [path for path in sorted(OWN_FOLDER.glob('*/*.py')) if path.parent.stem[0] != '_']
MOST_TRIED = 3  # of a folder, until one can be built
# These cannot be built: a metric that is not there, arguments that nobody takes.
SLIPS = (
    'MOTChallengeMetrics',
    'val_evaluator.eval_mode: CocoMetric takes no such argument',
    'model.neck.force_grad_on_level: FPN takes no such argument',
)


def read(path):
    """A config, or None where a base or a package is missing."""
    try:
        return Config.fromfile(path, import_custom_modules=False)
    except (FileNotFoundError, ImportError):
        return None


def build(cfg):
    """A model, or None where it needs more than sizes, or a package that is missing."""
    with contextlib.suppress(Exception), torch.device('meta'):
        return MODELS.build(cfg.model)
    return None


def complaint(check, given):
    """What a check raises, of any kind; empty if nothing."""
    try:
        check(given)
    except Exception as error:
        return repr(error)
    return ''


def family(path):
    return path.parent.name, path.stem.replace('_', '-').split('-')[0]


def one_of_each_family():
    for _, paths in groupby(OWN, family):
        first, *others = sorted(paths, key=lambda path: '_r18_' not in path.stem)
        yield pytest.param(first, id=first.stem)
        for path in others:
            yield pytest.param(path, id=path.stem, marks=pytest.mark.slow)


@pytest.mark.parametrize('path', one_of_each_family())
def test_own_configs_pass(path):
    init_default_scope('mmdet')
    cfg = read(path)
    assert complaint(check_values, cfg) == ''
    assert complaint(check_names, cfg) == ''
    model = build(cfg)
    if model is None:
        pytest.skip('it needs more than sizes, or a package that is missing')
    assert complaint(check_fits, model) == ''


@pytest.mark.slow
def test_stock_configs_pass():
    init_default_scope('mmdet')
    alarms, checked = [], 0
    for path in STOCK:
        cfg = read(path)
        if cfg is None:
            continue
        checked += 1
        alarm = complaint(check_values, cfg) or complaint(check_names, cfg)
        if alarm and not any(slip in alarm for slip in SLIPS):
            alarms.append(f'{path.relative_to(FOLDER)}: {alarm}')
    print(f'\nconfigs of MMDetection: {checked - len(alarms)} of {checked} good')
    assert alarms == []
    assert checked > 700


@pytest.mark.slow
def test_parts_of_stock_configs_fit():
    """Of one in each folder: building all of them takes a quarter of an hour."""
    init_default_scope('mmdet')
    alarms, tried = [], 0
    for folder, paths in groupby(STOCK, lambda path: path.parent):
        models = (build(read(path)) for path in [*paths][:MOST_TRIED])
        model = next((model for model in models if model is not None), None)
        if model is None:
            continue
        tried += 1
        if alarm := complaint(check_fits, model):
            alarms.append(f'{folder.relative_to(FOLDER)}: {alarm}')
    print(f'\nmodels of MMDetection: {tried - len(alarms)} of {tried} fit')
    assert alarms == []
    assert tried > 50
