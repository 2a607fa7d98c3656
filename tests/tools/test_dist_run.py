import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / 'tools' / 'dist_run.py'
FAILING = """
import os, signal, sys, time
from mmdet_plus.errors import UserError
from mmdet_plus.cli.error_reporting import run_tool

def tool(argv):
    rank, kind = int(os.environ['RANK']), sys.argv[1]
    print(f'process {rank} is here', flush=True)
    if kind == 'all':
        raise UserError('no such config')
    if kind == 'killed' and rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == 'second' and rank == 1:
        raise RuntimeError('out of memory')
    if kind == 'second':  # what the others see of it
        time.sleep(2)
        raise RuntimeError('connection lost')
    time.sleep(0 if kind == 'none' else 60)

sys.exit(run_tool(tool, None))
"""


def command_of(kind, folder):
    script = folder / 'failing.py'
    script.write_text(FAILING)
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    options = ['--nproc_per_node', '2', '--master_port', str(port)]
    return [sys.executable, str(TOOL), *options, str(script), kind]


def run(command, **variables):
    environment = dict(os.environ, OMP_NUM_THREADS='1', **variables)
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.mark.parametrize(
    ('kind', 'status', 'message'),
    [
        ('none', 0, ''),
        ('all', 2, 'error: no such config\n'),
        ('killed', 137, 'error: process 1 was ended by SIGKILL, as when memory is sh'),
        ('second', 1, 'error: RuntimeError: out of memory (set MMDET_PLUS_TRACEBACK=1'),
    ],
)
def test_one_message_and_the_status_of_the_first_that_fails(
    kind, status, message, tmp_path
):
    done = run(command_of(kind, tmp_path))
    assert done.returncode == status
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == bool(message)
    assert 'process 0 is here' in done.stdout


def test_the_report_of_torchrun_can_be_had(tmp_path):
    done = run(command_of('second', tmp_path), MMDET_PLUS_TRACEBACK='1')
    assert done.returncode == 1
    assert 'RuntimeError: out of memory' in done.stderr
    assert 'ChildFailedError' in done.stderr


def test_what_keeps_the_processes_from_starting_is_told(tmp_path):
    command = command_of('none', tmp_path)
    command[3] = 'two'
    done = run(command)
    assert done.returncode == 1
    assert done.stderr == (
        'error: the processes cannot be started: Unsupported nproc_per_node value: '
        'two\n'
    )
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        command[3:6] = ['2', '--master_port', str(taken.getsockname()[1])]
        done = run([*command[:6], '--master_addr', '127.0.0.1', *command[6:]])
    assert done.returncode == 1
    assert done.stderr.count('error:') == 1
    assert 'set the variable PORT to a free one' in done.stderr


def test_an_interruption_is_silent(tmp_path):
    process = subprocess.Popen(
        command_of('waiting', tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(2):
        assert 'is here' in process.stdout.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert 'Traceback' not in err
