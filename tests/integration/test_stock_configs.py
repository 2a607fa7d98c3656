"""MMDetection's own configs pass the checks before a run, but for slips."""

import contextlib
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
from mmdet_plus.errors import UserError

FOLDER = Path(mmdet.__file__).parent / '.mim' / 'configs'
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


@pytest.mark.slow
def test_stock_configs_pass():
    init_default_scope('mmdet')
    alarms, checked = [], 0
    for path in sorted(FOLDER.rglob('*.py')):
        cfg = None if '_base_' in path.parts else read(path)
        if cfg is None:
            continue
        checked += 1
        try:
            check_values(cfg)
            check_names(cfg)
        except UserError as error:
            if not any(slip in str(error) for slip in SLIPS):
                alarms.append(f'{path.relative_to(FOLDER)}: {error}')
    print(f'\nconfigs of MMDetection: {checked - len(alarms)} of {checked} good')
    assert alarms == []
    assert checked > 700


@pytest.mark.slow
def test_parts_of_stock_configs_fit():
    """Of every eighth: building all of them takes a quarter of an hour."""
    init_default_scope('mmdet')
    alarms, tried = [], 0
    paths = [p for p in sorted(FOLDER.rglob('*.py')) if '_base_' not in p.parts]
    for path in paths[::8]:
        cfg, model = read(path), None
        # What needs more than sizes is not tried out.
        with contextlib.suppress(Exception), torch.device('meta'):
            model = MODELS.build(cfg.model)
        if model is None:
            continue
        tried += 1
        try:
            check_fits(model)
        except UserError as error:
            alarms.append(f'{path.relative_to(FOLDER)}: {error}')
    print(f'\nmodels of MMDetection: {tried - len(alarms)} of {tried} fit')
    assert alarms == []
    assert tried > 50
