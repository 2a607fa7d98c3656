import os
from argparse import Namespace
from contextlib import suppress
from pathlib import Path

import pytest
from mmdet.visualization import DetLocalVisualizer
from mmengine.config import Config
from mmengine.logging import MMLogger

from mmdet_plus.cli import launch
from mmdet_plus.cli.unbegun_runs import Traces, absent_folders, remove_empty
from mmdet_plus.engine.hooks import WholeCheckpointHook
from mmdet_plus.errors import UserError


def write_run(traces, folder):
    traces.logs = folder / 'time'
    traces.logs.mkdir(parents=True)
    (traces.logs / 'run.log').write_text('log')
    with traces.config_written(folder / 'config.py'):
        (folder / 'config.py').write_text('new = 1')


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_goes_with_those_made_for_it(tmp_path):
    traces = Traces(tmp_path / 'runs' / 'a')
    write_run(traces, tmp_path / 'runs' / 'a')
    traces.take_back()
    assert names_in(tmp_path) == []


def test_what_was_there_before_stays(tmp_path):
    (tmp_path / 'old').mkdir()
    (tmp_path / 'config.py').write_text('old = 1')
    traces = Traces(tmp_path)
    write_run(traces, tmp_path)
    traces.take_back()
    assert names_in(tmp_path) == ['config.py', 'old']
    assert (tmp_path / 'config.py').read_text() == 'old = 1'


def test_what_others_write_meanwhile_stays(tmp_path):
    folder = tmp_path / 'runs'
    traces = Traces(folder)
    write_run(traces, folder)
    (folder / 'epoch_1.pth').write_bytes(b'weights')
    (folder / 'notes.py').write_text('mine = 1')
    traces.take_back()
    assert names_in(folder) == ['epoch_1.pth', 'notes.py']


def test_a_config_that_another_run_wrote_since_stays(tmp_path):
    traces = Traces(tmp_path)
    write_run(traces, tmp_path)
    path = tmp_path / 'config.py'
    os.utime(path, ns=(1, 1))
    traces.take_back()
    assert path.read_text() == 'new = 1'


def test_a_config_that_cannot_be_read_or_is_gone_is_left_alone(tmp_path):
    traces = Traces(tmp_path)
    (tmp_path / 'a.py').mkdir()
    with traces.config_written(tmp_path / 'a.py'):
        pass
    with traces.config_written(tmp_path / 'b.py'):
        pass
    traces.take_back()
    assert names_in(tmp_path) == ['a.py']


def test_only_empty_folders_are_removed(tmp_path):
    absent = absent_folders(tmp_path / 'a' / 'b')
    assert absent == [tmp_path / 'a' / 'b', tmp_path / 'a']
    (tmp_path / 'a' / 'b').mkdir(parents=True)
    (tmp_path / 'a' / 'file').write_text('')
    remove_empty(absent)
    assert names_in(tmp_path) == ['a']
    assert names_in(tmp_path / 'a') == ['file']


@pytest.fixture
def cfg(tiny_config, tmp_path):
    cfg = Config.fromfile(tiny_config)
    cfg.work_dir = str(tmp_path / 'runs' / 'a')
    yield cfg
    # MMEngine's are kept for the process, with folders that are gone by now.
    for kind in (DetLocalVisualizer, MMLogger):
        kind._instance_dict.clear()


def take(runner):
    """What a training does at first, to keep others out of its folder."""
    (hook,) = (h for h in runner.hooks if isinstance(h, WholeCheckpointHook))
    hook.before_train(runner)


def fail(error, *, has_begun=False):
    def run(runner):
        take(runner)
        runner.has_begun = has_begun
        raise error

    return run


def run_tool(cfg, run, **arguments):
    with suppress(UserError, RuntimeError):
        launch._build_and_run(cfg, Namespace(**arguments), run)


def test_a_refused_run_leaves_nothing(cfg, tmp_path):
    before = names_in(tmp_path)
    report = tmp_path / 'report'

    def run(runner):
        report.mkdir()
        fail(UserError('x'))(runner)

    run_tool(cfg, run, report=report)
    assert names_in(tmp_path) == before


def test_a_runner_that_cannot_be_built_leaves_nothing(cfg, tmp_path):
    before = names_in(tmp_path)
    cfg.visualizer = dict(type='Absent')
    run_tool(cfg, fail(UserError('x')))
    assert names_in(tmp_path) == before


@pytest.mark.parametrize(
    ('error', 'has_begun'), [(UserError('x'), True), (RuntimeError('x'), False)]
)
def test_a_run_that_began_and_a_failure_of_ours_are_kept(cfg, error, has_begun):
    run_tool(cfg, fail(error, has_begun=has_begun))
    kept = [path.is_dir() for path in Path(cfg.work_dir).iterdir()]
    assert True in kept  # the logs
    assert (Path(cfg.work_dir) / 'tiny.py').is_file()


def test_a_refused_training_leaves_alone_the_one_that_runs(cfg):
    folder, kept = Path(cfg.work_dir), {}

    def second(runner):
        # What the first goes on to write.
        (folder / 'epoch_1.pth').write_bytes(b'weights')
        (folder / 'last_checkpoint').write_text('epoch_1.pth')
        kept.update(
            files | contents(folder / 'epoch_1.pth', folder / 'last_checkpoint')
        )
        take(runner)

    def first(runner):
        take(runner)
        files.update(contents(*filter(Path.is_file, folder.rglob('*'))))
        with pytest.raises(UserError, match='another training is running'):
            launch._build_and_run(cfg, Namespace(), second)
        assert contents(*kept) == kept

    files = {}
    launch._build_and_run(cfg, Namespace(), first)
    names = {path.name for path in kept}
    assert {'epoch_1.pth', 'last_checkpoint', 'tiny.py', '.training.lock'} <= names


def contents(*paths):
    # A log grows.
    return {path: path.read_bytes() for path in paths if path.suffix != '.log'}
