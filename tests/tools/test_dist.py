import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from samples.processes import free_port

TOOLS = Path(__file__).parents[2] / 'tools'


def run_script(name, folder, *arguments, **variables):
    port = str(free_port())
    environment = dict(os.environ, PYTHON=sys.executable, PORT=port, **variables)
    environment.update(OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='')
    command = ['bash', TOOLS / name, *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.mark.slow
def test_two_processes_train_and_test_without_a_gpu(tiny_config, tmp_path):
    done = run_script('dist_train.sh', tmp_path, tiny_config, 2, '--work-dir', 'a b')
    assert done.returncode == 0, done.stderr
    path = tmp_path / 'a b/epoch_1.pth'
    assert torch.load(path, weights_only=False)['meta']['iter'] == 1
    done = run_script(
        'dist_test.sh', tmp_path, tiny_config, path, 2, '--work-dir', 'tested'
    )
    assert done.returncode == 0, done.stderr
    assert 'coco/bbox_mAP' in figures_of(tmp_path / 'tested')


def figures_of(work_dir):
    (log,) = work_dir.glob('*/*.json')
    return json.loads(log.read_text())


@pytest.mark.slow
def test_two_processes_share_a_test_that_one_began(tiny_config, tmp_path):
    """Two of four images are done; each process does one, and all four count."""
    work_dir = ['--work-dir', 'trained']
    done = run_script('dist_train.sh', tmp_path, tiny_config, 1, *work_dir)
    assert done.returncode == 0, done.stderr
    path = tmp_path / 'trained/epoch_1.pth'
    tested = ['--shards', 'kept', '--out', 'o.pkl', '--work-dir']
    done = run_script('dist_test.sh', tmp_path, tiny_config, path, 1, *tested, 'one')
    assert done.returncode == 0, done.stderr
    whole = pickle.loads((tmp_path / 'o.pkl').read_bytes())
    (file,) = (tmp_path / 'kept').glob('*.shard.pth')
    results = torch.load(file, weights_only=False)['results']
    torch.save(dict(results={index: results[index] for index in (1, 2)}), file)
    done = run_script('dist_test.sh', tmp_path, tiny_config, path, 2, *tested, 'two')
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / 'kept').glob('*.shard.pth'))) == 3
    assert '2 images are done, 2 are left' in done.stdout + done.stderr
    shared = pickle.loads((tmp_path / 'o.pkl').read_bytes())
    assert [sample['img_id'] for sample in shared] == [0, 1, 2, 3]
    for before, after in zip(whole, shared, strict=True):
        for name in ('bboxes', 'scores', 'labels'):
            torch.testing.assert_close(
                after['pred_instances'][name], before['pred_instances'][name]
            )


@pytest.mark.slow
def test_error_of_the_first_process_leaves_nothing(tiny_config, tmp_path):
    options = ['--cfg-options', 'train_dataloader.batch_size=0']
    done = run_script('dist_train.sh', tmp_path, tiny_config, 2, *options)
    assert done.returncode != 0
    assert done.stderr.count('error: train_dataloader.batch_size must be') == 1
    assert done.stderr.count('rror') == 1
    assert not (tmp_path / 'work_dirs').exists()


@pytest.mark.parametrize(
    ('name', 'arguments', 'expected'),
    [
        (
            'slurm_train.sh',
            ['part', 'job name', 'c.py', 'my dir', '--cfg-options', 'a="b c"'],
            ['c.py', '--work-dir', 'my dir', '--launcher', 'slurm'],
        ),
        (
            'slurm_test.sh',
            ['part', 'job name', 'c.py', 'my dir', '--cfg-options', 'a="b c"'],
            ['c.py', 'my dir', '--launcher', 'slurm'],
        ),
    ],
)
def test_slurm_scripts_pass_arguments_on(tmp_path, name, arguments, expected):
    fake = tmp_path / 'srun'
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    fake.chmod(0o755)
    path = f'{tmp_path}:{os.environ["PATH"]}'
    given = dict(PATH=path, GPUS='4', GPUS_PER_NODE='2', SRUN_ARGS='--mem 8G')
    done = run_script(name, tmp_path, *arguments, **given)
    words = done.stdout.splitlines()
    assert words[-len(expected) - 2 :] == [*expected, '--cfg-options', 'a="b c"']
    options = ['--partition=part', '--job-name=job name', '--ntasks=4', '--mem', '8G']
    assert set(options) <= set(words)


@pytest.mark.parametrize(
    'name', ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh', 'slurm_test.sh']
)
def test_missing_arguments(name, tmp_path):
    done = run_script(name, tmp_path, 'c.py')
    assert done.returncode == 2
    assert done.stderr.startswith('error: usage: ')
