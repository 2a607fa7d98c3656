"""The plans of `make evidence`."""

from pathlib import Path

import pytest

from mmdet_plus.analysis.comparison.plan import read_plan
from mmdet_plus.analysis.comparison.runs import length_options
from mmdet_plus.zoo import load_index

PLANS = sorted((Path(__file__).parents[2] / 'configs').glob('*/evidence*.yml'))
NAMES = [f'{path.parent.name}-{path.stem}' for path in PLANS]
START = 'zoo://faster-rcnn_r18_fpn-start_6e_shapes'


@pytest.mark.parametrize(
    'path', PLANS, ids=lambda path: f'{path.parent.name}-{path.stem}'
)
def test_the_runs_of_a_plan_differ_in_their_model_alone(path):
    plan = read_plan(path)
    assert len(plan.seeds) >= 3
    shared = {}
    for run in plan.runs.values():
        cfg = run.content()
        assert cfg.data_root == 'data/shapes_v2/'
        assert cfg.test_evaluator.ann_file.startswith(cfg.data_root)
        assert cfg.model.backbone.init_cfg.checkpoint == START
        assert cfg.train_dataloader.batch_size == 8
        assert 'train_cfg.max_epochs' in length_options(cfg, run.epochs)
        own = [cfg.optim_wrapper, cfg.test_dataloader.dataset.data_root]
        assert shared.setdefault(run.changes, own) == own


def test_each_trained_run_is_of_a_claim_or_of_a_run_of_one():
    needed, trained = set(), set()
    for plan in map(read_plan, PLANS):
        for claim in plan.claims:
            needed |= {claim.better, claim.than}
        for run in plan.runs.values():
            needed |= {run.source.name} if run.source else set()
            trained |= set() if run.weights_of else {run.name}
    assert trained <= needed


def test_runs_of_the_same_name_are_the_same():
    keys = {}
    for path in PLANS:
        for run in read_plan(path).runs.values():
            assert keys.setdefault(run.name, run.key) == run.key


def test_the_start_weights_are_shipped():
    entry = load_index()[START.removeprefix('zoo://')]
    assert entry.file.urls[0].startswith('package:')
