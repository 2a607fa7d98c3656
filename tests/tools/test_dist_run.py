import os
import signal
import socket
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from samples.processes import free_port, started
from samples.tools import load_tool
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

TOOL = Path(__file__).parents[2] / 'tools' / 'dist_run.py'
SECONDS = 240  # more than any of the runs takes on a busy machine
FAILING = """
import os, signal, sys, time
from pathlib import Path
from mmdet_plus.errors import UserError
from mmdet_plus.cli.error_reporting import run_tool

def meet(rank):
    here = Path(__file__).parent
    (here / f'rank{rank}').touch()
    while not (here / f'rank{1 - rank}').exists():
        time.sleep(0.02)

def tool(argv):
    rank, kind = int(os.environ['RANK']), sys.argv[1]
    meet(rank)
    if kind == 'none':
        print(f'process {rank}: {os.environ["MKL_NUM_THREADS"]} thread', flush=True)
        return
    if kind == 'all':
        raise UserError('no such config')
    if kind == 'killed' and rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == 'second' and rank == 1:
        raise RuntimeError('out of memory')
    time.sleep(600)

sys.exit(run_tool(tool, None))
"""


def command_of(kind, folder, processes='2', port=None):
    script = folder / 'failing.py'
    script.write_text(FAILING)
    port = str(port or free_port())
    options = ['--nproc_per_node', processes, '--master_port', port]
    options += ['--master_addr', '127.0.0.1']
    return [sys.executable, str(TOOL), *options, str(script), kind]


def run(command, **variables):
    """Exit status and what is printed."""
    with started(command, **variables) as process:
        out, err = process.communicate(timeout=SECONDS)
        return process.returncode, out, err


@pytest.mark.slow
@pytest.mark.parametrize(
    ('kind', 'status', 'message'),
    [
        ('all', 2, 'error: no such config\n'),
        ('killed', 137, 'error: process 1 was ended by SIGKILL, as when memory is sh'),
        ('second', 1, 'error: RuntimeError: out of memory (set MMDET_PLUS_TRACEBACK=1'),
    ],
)
def test_one_message_and_the_status_of_the_first_that_fails(
    kind, status, message, tmp_path
):
    code, _, err = run(command_of(kind, tmp_path))
    assert code == status
    assert err.startswith(message)
    assert len(err.splitlines()) == 1


@pytest.mark.slow
def test_what_goes_well_is_silent(tmp_path):
    code, out, err = run(command_of('none', tmp_path))
    assert (code, err) == (0, '')
    lines = ['process 0: 1 thread', 'process 1: 1 thread']
    assert sorted(out.splitlines()) == lines


@pytest.mark.slow
def test_the_report_of_torchrun_can_be_had(tmp_path):
    code, _, err = run(command_of('second', tmp_path), MMDET_PLUS_TRACEBACK='1')
    assert code == 1
    assert 'RuntimeError: out of memory' in err
    assert 'ChildFailedError' in err


@pytest.mark.slow
def test_what_keeps_the_processes_from_starting_is_told(tmp_path):
    code, _, err = run(command_of('none', tmp_path, processes='two'))
    assert code == 1
    assert err == (
        'error: the processes cannot be started: Unsupported nproc_per_node value: '
        'two\n'
    )
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        code, _, err = run(command_of('none', tmp_path, port=taken.getsockname()[1]))
    assert code == 1
    assert err.count('error:') == 1
    assert 'give a free one by --master_port (PORT with the scripts)' in err


@pytest.mark.slow
@pytest.mark.parametrize(
    ('number', 'status'), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_signals_to_the_launcher_are_silent(number, status, tmp_path):
    with started(command_of('waiting', tmp_path)) as process:
        end = time.monotonic() + SECONDS
        while not all((tmp_path / f'rank{rank}').exists() for rank in (0, 1)):
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
        process.send_signal(number)
        _, err = process.communicate(timeout=SECONDS)
        assert process.returncode == status
        assert 'Traceback' not in err


def failed(*exit_codes, seconds=0):
    """What the launcher sees, each process failing so many seconds after another."""
    failures = {
        rank: SimpleNamespace(exitcode=code, timestamp=1000 + rank * seconds)
        for rank, code in enumerate(exit_codes)
    }
    error = ChildFailedError.__new__(ChildFailedError)
    error.failures = failures
    return error


@pytest.mark.parametrize(
    ('error', 'status', 'told'),
    [
        (failed(1, -9), 137, 'process 1 was ended by SIGKILL'),
        (failed(1, -11), 139, 'process 1 was ended by SIGSEGV'),
        (failed(-9, 1), 137, 'process 0 was ended by SIGKILL'),
        (failed(1, -9, seconds=30), 1, ''),  # the launcher waits so long for the others
        (failed(2, -15), 2, ''),
        (failed(2, -6), 2, ''),
        (failed(-15, 1), 143, 'process 0 was ended by SIGTERM'),
        (failed(3, 1), 3, ''),
    ],
)
def test_a_killed_process_is_told_before_those_that_miss_it(
    error, status, told, capsys
):
    assert load_tool('dist_run').status_of(error) == status
    err = capsys.readouterr().err
    assert told in err
    assert bool(err) == bool(told)


@pytest.mark.parametrize(('processes', 'value'), [('1', None), ('2', '1')])
def test_threads_are_limited_for_several_processes(processes, value, monkeypatch):
    tool = load_tool('dist_run')
    for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS'):
        monkeypatch.setenv(name, '')  # comes back afterwards
        del os.environ[name]
    seen = []
    monkeypatch.setattr(
        tool.torch_run,
        'run',
        lambda args: seen.append(os.environ.get('OMP_NUM_THREADS')),
    )
    assert tool.main(['--nproc_per_node', processes, 'script.py']) == 0
    assert seen == [value]
