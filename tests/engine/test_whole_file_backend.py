import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from mmengine.fileio import dump, get_file_backend
from mmengine.runner import save_checkpoint

from mmdet_plus.engine import WholeFileBackend
from mmdet_plus.errors import UserError
from mmdet_plus.zoo.file_checks import check_checkpoint_file

SAVE_FOR_EVER = """
import sys, torch, mmdet_plus
from mmengine.runner import save_checkpoint
content = dict(w=torch.zeros(3_000_000))
print('ready', flush=True)
while True:
    save_checkpoint(content, sys.argv[1])
"""


def test_mmengine_writes_by_it(tmp_path, monkeypatch):
    assert type(get_file_backend(str(tmp_path))) is WholeFileBackend
    path = tmp_path / 'deeper' / 'a.json'
    dump(dict(a=1), str(path))
    assert path.read_text() == '{"a": 1}'

    def fail(self, data):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('pathlib.Path.write_bytes', fail)
    with pytest.raises(OSError, match=r"No space left on device: '.*a\.json'"):
        dump(dict(a=2), str(path))
    assert path.read_text() == '{"a": 1}'


def is_whole(path):
    try:
        check_checkpoint_file(path)
    except UserError:
        return False
    return True


@pytest.mark.slow
def test_killed_processes_leave_no_part_under_the_name(tmp_path):
    path = tmp_path / 'epoch_1.pth'
    save_checkpoint(dict(w=torch.zeros(3_000_000)), str(path))
    generator = torch.Generator().manual_seed(0)
    parts = 0
    for _ in range(10):
        process = subprocess.Popen(
            [sys.executable, '-c', SAVE_FOR_EVER, str(path)], stdout=subprocess.PIPE
        )
        while b'ready' not in process.stdout.readline():
            pass
        time.sleep(0.3 * torch.rand(1, generator=generator).item())
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert is_whole(path)
        left = [name for name in os.listdir(tmp_path) if name != path.name]
        parts += bool(left)
        for name in left:
            (tmp_path / name).unlink()
    assert parts > 0  # the kills did interrupt writing
