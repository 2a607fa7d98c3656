import os
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub, MMLogger

from mmdet_plus.engine.hooks import WholeCheckpointHook
from mmdet_plus.errors import UserError


class Runner(SimpleNamespace):
    """Saves as a runner does, and notes what was there at that moment."""

    def save_checkpoint(self, out_dir, filename, *args, **kwargs):
        self.seen.append(checkpoints(self.work_dir))
        if self.disk_is_full:
            raise OSError(28, 'No space left on device')
        torch.save({}, os.path.join(out_dir, filename))


def checkpoints(folder):
    return sorted(name for name in os.listdir(folder) if name.endswith('.pth'))


@pytest.fixture
def runner(tmp_path):
    hub = MessageHub(f'hub of {tmp_path}')
    logger = MMLogger.get_instance(str(tmp_path.name))
    return Runner(
        work_dir=str(tmp_path),
        logger=logger,
        message_hub=hub,
        epoch=0,
        iter=0,
        seen=[],
        disk_is_full=False,
    )


def started(runner, **settings):
    hook = WholeCheckpointHook(interval=1, **settings)
    hook.before_train(runner)
    return hook


def save_epochs(hook, runner, number):
    for _ in range(number):
        hook._save_checkpoint(runner)
        runner.epoch += 1


def test_the_old_one_goes_after_the_new_one_is_there(runner, tmp_path):
    save_epochs(started(runner, max_keep_ckpts=1), runner, 3)
    assert runner.seen == [[], ['epoch_1.pth'], ['epoch_2.pth']]
    assert checkpoints(tmp_path) == ['epoch_3.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == f'{tmp_path}/epoch_3.pth'
    assert runner.message_hub.get_info('keep_ckpt_ids') == [3]


def test_a_full_disk_leaves_the_old_one(runner, tmp_path):
    hook = started(runner, max_keep_ckpts=1)
    save_epochs(hook, runner, 1)
    runner.disk_is_full = True
    with pytest.raises(OSError, match='No space'):
        hook._save_checkpoint(runner)
    assert checkpoints(tmp_path) == ['epoch_1.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == f'{tmp_path}/epoch_1.pth'


def test_all_are_kept_unless_told(runner, tmp_path):
    save_epochs(started(runner), runner, 3)
    assert len(checkpoints(tmp_path)) == 3


def test_as_many_as_told_are_kept(runner, tmp_path):
    save_epochs(started(runner, max_keep_ckpts=2), runner, 4)
    assert checkpoints(tmp_path) == ['epoch_3.pth', 'epoch_4.pth']


def test_the_best_one_too(runner, tmp_path):
    hook = started(runner, save_best='ap', rule='greater')
    for score, name in ((0.1, 'best_ap_epoch_1.pth'), (0.3, 'best_ap_epoch_2.pth')):
        runner.epoch += 1
        hook.after_val_epoch(runner, dict(ap=score))
        assert checkpoints(tmp_path) == [name]
    assert runner.seen[1] == ['best_ap_epoch_1.pth']
    hook.after_val_epoch(runner, dict(ap=0.4))  # again in this epoch
    assert checkpoints(tmp_path) == ['best_ap_epoch_2.pth']


def test_one_training_a_folder(runner, tmp_path):
    (tmp_path / 'epoch_1.77.part.pth').write_text('half')
    first = started(runner)
    assert checkpoints(tmp_path) == []
    with pytest.raises(UserError, match=r'another training is running in .*--work-dir'):
        started(runner)
    first.after_train(runner)
    assert not (tmp_path / '.training.lock').exists()
    started(runner).after_train(runner)
