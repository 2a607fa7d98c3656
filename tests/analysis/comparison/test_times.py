import shutil

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmdet_plus.analysis.comparison import times
from mmdet_plus.analysis.comparison.plan import Plan, Run
from mmdet_plus.analysis.comparison.runs import jobs_of


@pytest.fixture
def jobs(tiny_config, tmp_path):
    """Of a run, of its weights in bfloat16, and of a run that is not done."""
    whole = Run('whole', tiny_config)
    halves = Run(
        'halves',
        tiny_config,
        options={'test_cfg': dict(type='MixedPrecisionTestLoop')},
        weights_of=whole,
    )
    runs = dict(whole=whole, halves=halves, waits=Run('waits', tiny_config, epochs=9))
    jobs = jobs_of(Plan('Times', '', (0, 1), runs, ()), tmp_path / 'work')
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(Config.fromfile(tiny_config).model)
    for job in jobs:
        if job.run.name != 'waits':
            job.folder.mkdir(parents=True)
            job.result_file.write_text('{}')
        if job.run is whole:
            (job.folder / 'train').mkdir()
            (job.folder / 'train' / 'last_checkpoint').write_text('epoch_1.pth')
            torch.save(dict(state_dict=model.state_dict()), job.checkpoint)
    return jobs


def test_finished_runs_predict_their_first_images_in_turns(jobs, monkeypatch):
    seen = []

    def watch(model, args, output):
        seen.append((len(seen), output[0].dtype, args[0].shape[0]))

    monkeypatch.setattr(times, 'NUM_IMAGES', 3)
    build = times.build_trained

    def watched(cfg, checkpoint):
        model = build(cfg, checkpoint)
        model.backbone.register_forward_hook(watch)
        return model

    monkeypatch.setattr(times, 'build_trained', watched)
    found = times.time_runs(jobs, rounds=2)
    assert list(found) == [job.run.key for job in jobs[:2]]
    # Three images each, one by one; a round to warm up and two that count.
    turn = [torch.float32] * 3 + [torch.bfloat16] * 3
    assert [dtype for _, dtype, _ in seen] == turn * 3
    assert {images for _, _, images in seen} == {1}


def test_times_are_of_one_image(jobs, monkeypatch):
    monkeypatch.setattr(times, 'NUM_IMAGES', 2)
    monkeypatch.setattr(
        times, 'median_seconds', lambda tasks, rounds: dict.fromkeys(tasks, 0.5)
    )
    assert list(times.time_runs(jobs, rounds=1).values()) == [250.0, 250.0]


def test_runs_without_weights_are_left_out(jobs):
    for job in jobs[:2]:
        shutil.rmtree(job.folder / 'train', ignore_errors=True)
    assert times.time_runs(jobs[:2], rounds=1) == {}
