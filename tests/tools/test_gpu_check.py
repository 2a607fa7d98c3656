from pathlib import Path

import pytest
import torch
from samples.tools import load_tool

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool():
    return load_tool('dev/gpu_check')


def test_without_a_gpu_nothing_is_written(tool, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    assert tool.main(['--out', str(tmp_path / 'report.md')]) == 2
    assert 'torch sees no GPU' in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def run(tool, monkeypatch, out, mmdet):
    steps = (
        tool.Step('Good', '{python} -c "print(6 * 7)"'),
        tool.Step('Bad', '{python} -c "import sys; sys.exit(\'a fault\')"'),
    )
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(tool, 'describe_machine', lambda: 'A GPU, CUDA 13.')
    monkeypatch.setattr(tool, 'OP_STEPS', steps[:1])
    monkeypatch.setattr(tool, 'DETECTOR_STEPS', steps[1:])
    monkeypatch.setattr(tool, 'find_spec', lambda name: mmdet)
    return tool.main(['--out', str(out)])


def test_report_tells_what_passed_and_what_failed(tool, tmp_path, monkeypatch):
    out = tmp_path / 'report.md'
    assert run(tool, monkeypatch, out, mmdet=object()) == 1
    text = out.read_text()
    assert 'A GPU, CUDA 13.' in text
    assert '| Good | passed |' in text
    assert '| Bad | **failed** |' in text
    assert '```text\n42\n```' in text
    assert '```text\na fault\n```' in text


def test_without_mmdetection_only_the_ops_are_checked(tool, tmp_path, monkeypatch):
    out = tmp_path / 'report.md'
    assert run(tool, monkeypatch, out, mmdet=None) == 0
    assert 'Bad' not in out.read_text()


def test_what_is_timed_is_equal(tool):
    for _, (ours, composed), inputs in tool.op_cases('cpu', num_rois=5):
        torch.testing.assert_close(
            ours(*inputs), composed(*inputs), rtol=1e-3, atol=1e-4
        )


def test_all_files_that_the_steps_name_are_there(tool):
    for step in tool.OP_STEPS + tool.DETECTOR_STEPS:
        for word in step.command.split():
            if word.startswith(('tools/', 'configs/', 'tests')):
                assert (ROOT / word).exists()
