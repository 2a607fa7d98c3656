import importlib.util
import json
from pathlib import Path

import pytest
from mmengine.config import Config

REPOSITORY = Path(__file__).parents[2]
TOOL = 'analysis_tools/cpm_ablation'


@pytest.fixture
def module():
    path = REPOSITORY / 'tools' / f'{TOOL}.py'
    spec = importlib.util.spec_from_file_location('cpm_ablation', path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_rows_are_configs(module):
    assert len(module.DEFAULT) == 9
    assert all(Path(row).is_file() for row in module.DEFAULT)


def test_shortening_changes_the_whole_schedule(module):
    cfg = Config.fromfile(module.DEFAULT[-1])
    module.shorten(cfg, 2)
    assert cfg.train_cfg.max_epochs == 2
    assert cfg.param_scheduler[0].end == 100
    assert (cfg.param_scheduler[1].end, cfg.param_scheduler[1].T_max) == (2, 2)


def test_trains_and_prints_one_table(tool_main, tiny_config, tmp_path, capsys):
    argv = [tiny_config, '--epochs', 1, '--seeds', 0, '--work-dir', tmp_path / 'w']
    assert tool_main(TOOL, *argv) == 0
    shown = capsys.readouterr().out
    assert 'seeds: 0; epochs: 1' in shown
    row = next(line for line in shown.splitlines() if line.startswith('| tiny |'))
    file = tmp_path / 'w/tiny/1_epochs_seed_0/metrics.json'
    metrics = json.loads(file.read_text())
    assert row.split('|')[2].strip() == f'{metrics["coco/bbox_mAP"]:.3f}'
    # What was measured is read again, and averaged over the seeds.
    for seed, value in ((0, 0.25), (1, 0.75)):
        other = tmp_path / f'w/tiny/1_epochs_seed_{seed}/metrics.json'
        other.parent.mkdir(exist_ok=True)
        other.write_text(json.dumps(dict.fromkeys(metrics, value)))
    assert tool_main(TOOL, *argv[:4], 0, 1, *argv[5:]) == 0
    shown = capsys.readouterr().out
    assert 'seeds: 0, 1' in shown
    assert '| tiny | 0.500 (0.250 to 0.750) | 0.500 |' in shown


def test_errors(tool_main, tmp_path, capsys):
    assert tool_main(TOOL, '--epochs', 0) == 2
    assert '--epochs must be at least 1, got 0' in capsys.readouterr().err
    assert tool_main(TOOL, tmp_path / 'absent.py') == 2
    assert 'absent.py does not exist' in capsys.readouterr().err


def test_configs_are_checked_before_any_training(
    tool_main, tiny_config, tmp_path, capsys
):
    def error_of(text):
        path = tiny_config.with_name('second.py')
        path.write_text(f"_base_ = './tiny.py'\n{text}\n")
        assert tool_main(TOOL, tiny_config, path, '--work-dir', tmp_path / 'w') == 2
        assert not (tmp_path / 'w').exists()
        return capsys.readouterr().err

    text = 'train_dataloader = dict(dataset=dict(ann_file="absent.json"))'
    assert 'absent.json does not exist' in error_of(text)
    text = 'train_cfg = dict(_delete_=True, type="IterBasedTrainLoop", max_iters=1)'
    assert 'second.py: train_cfg.max_epochs is needed' in error_of(text)
    text = 'val_evaluator = dict(metric="proposal")'
    assert 'val_evaluator must be a CocoMetric of bbox' in error_of(text)


def test_a_run_that_finds_nothing_has_no_ap(module):
    some = dict.fromkeys([f'coco/bbox_{column}' for column in module.COLUMNS], 0.5)
    assert '0.250 (0.000 to 0.500)' in module.format_row('x', [{}, some])
