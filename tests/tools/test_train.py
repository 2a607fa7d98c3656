import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

REPOSITORY = Path(__file__).parents[2]
QUIET = ['log_level=ERROR', 'val_dataloader=None', 'val_cfg=None', 'val_evaluator=None']


def only_message(capsys):
    shown = capsys.readouterr().err
    lines = [line for line in shown.splitlines() if line.startswith('error: ')]
    assert len(lines) == 1
    assert 'Traceback' not in shown
    return shown[shown.index('error: ') :]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['train_dataloader.batch_size=0'], 'train_dataloader.batch_size must be'),
        (['train_cfg.max_epochs=-1'], 'train_cfg.max_epochs must be'),
        (['optim_wrapper.optimizer.lr=nan'], 'optim_wrapper.optimizer.lr must be'),
        (['optim_wraper.optimizer.lr=1'], 'did you mean optim_wrapper'),
        (['custom_hooks.7.type=X'], 'index 7 is out of range'),
        (['train_cfg.max_epochs.x=1'], 'has no keys'),
        (['nonsense'], "'nonsense' is not of the form"),
        (['train_dataloader.dataset.ann_file=no.json'], 'no.json does not exist'),
        (['train_dataloader.dataset.metainfo.classes=(a,b)'], 'no class of'),
        (['model.roi_head.bbox_head.num_classes=80'], 'bbox_head.num_classes=2'),
        (['load_from=absent.pth'], 'checkpoint absent.pth does not exist'),
    ],
)
def test_bad_option(tool_main, tiny_config, tmp_path, capsys, options, message):
    assert tool_main('train', tiny_config, '--cfg-options', *options) == 2
    assert message in only_message(capsys)
    assert not (tmp_path / 'work_dirs').exists()


def test_unusable_files(tool_main, tmp_path, capsys, tiny_config):
    assert tool_main('train', 'absent.py') == 2
    assert 'config file absent.py does not exist' in only_message(capsys)
    assert tool_main('train', tiny_config, '--resume', 'absent.pth') == 2
    assert 'checkpoint absent.pth does not exist' in only_message(capsys)
    assert not (tmp_path / 'work_dirs').exists()


def test_help_ends_well(tool_main, capsys):
    with pytest.raises(SystemExit) as caught:
        tool_main('train', '--help')
    assert caught.value.code == 0
    assert '--auto-scale-lr' in capsys.readouterr().out


def test_error_in_a_process_of_its_own(tmp_path):
    config = tmp_path / 'broken.py'
    config.write_text('model = dict(\n')
    command = [sys.executable, REPOSITORY / 'tools/train.py', config]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    message = f'error: config file {config}, line 1'
    assert any(line.startswith(message) for line in done.stderr.splitlines())
    assert 'Traceback' not in done.stderr
    assert not (tmp_path / 'work_dirs').exists()


def test_training_writes_a_checkpoint(tool_main, tiny_config, tmp_path):
    assert tool_main('train', tiny_config, '--cfg-options', *QUIET) == 0
    checkpoint = torch.load(tmp_path / 'work_dirs/tiny/epoch_1.pth', weights_only=False)
    assert checkpoint['meta']['iter'] == 2
    assert 'EpochSeedHook' in checkpoint['meta']['cfg']


@pytest.mark.parametrize('num_workers', [0, 1])
@pytest.mark.parametrize(
    ('spoilt', 'status'),
    # What is cut off is found beforehand, what is wrong inside when it is read.
    [(slice(0, None), 2), (slice(60, None), 2), (slice(45, -20), 1)],
)
def test_corrupt_image_is_named(
    tool_main, tiny_config, coco_folder, capsys, num_workers, spoilt, status
):
    for image in (coco_folder / 'images').iterdir():
        content = bytearray(image.read_bytes())
        content[spoilt] = bytes(len(content[spoilt])) if spoilt.stop else b''
        image.write_bytes(content)
    options = [*QUIET, f'train_dataloader.num_workers={num_workers}']
    assert tool_main('train', tiny_config, '--cfg-options', *options) == status
    message = only_message(capsys)
    assert f'image {coco_folder}/images/' in message
    assert message.count('\n') == 1


def moved_config(tiny_config, coco_folder):
    text = tiny_config.read_text().replace(str(coco_folder), 'absent/coco')
    tiny_config.write_text(text)
    return tiny_config


def test_validation_follows_the_training_data(
    tool_main, tiny_config, coco_folder, tmp_path, capsys
):
    config = moved_config(tiny_config, coco_folder)
    root = f'train_dataloader.dataset.data_root={coco_folder}/'
    assert tool_main('train', config, '--cfg-options', root) == 0
    assert 'absent/coco/ does not exist; moved to' in capsys.readouterr().out
    written = Config.fromfile(str(tmp_path / 'work_dirs/tiny/tiny.py'))
    assert written.val_evaluator.ann_file == f'{coco_folder}/annotations/val.json'
    assert written.val_dataloader.dataset.data_root == f'{coco_folder}/'


def test_absent_validation_data_says_what_to_do(
    tool_main, tiny_config, coco_folder, capsys
):
    config = moved_config(tiny_config, coco_folder)
    (coco_folder / 'annotations/val.json').unlink()
    root = f'train_dataloader.dataset.data_root={coco_folder}/'
    assert tool_main('train', config, '--cfg-options', root) == 2
    message = only_message(capsys)
    assert 'val_evaluator.ann_file' in message
    assert 'val_dataloader=None val_cfg=None val_evaluator=None' in message


def test_what_cannot_be_built_is_one_message(tool_main, tiny_config, capsys):
    option = 'model.backbone.type=NoSuchBackbone'
    assert tool_main('train', tiny_config, '--cfg-options', option) == 2
    assert 'NoSuchBackbone' in only_message(capsys)


def test_mixed_precision_of_the_stock_detector_without_a_gpu(
    tool_main, tiny_config, tmp_path, monkeypatch
):
    monkeypatch.setattr('mmdet_plus.cli.flags_of_train.get_device', lambda: 'cpu')
    assert tool_main('train', tiny_config, '--amp') == 0
    checkpoint = next((tmp_path / 'work_dirs').rglob('epoch_1.pth'))
    weights = torch.load(checkpoint, weights_only=False)['state_dict']
    assert all(w.isfinite().all() for w in weights.values())
