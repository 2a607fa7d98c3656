import json
import pickle

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope


@pytest.fixture
def checkpoint(tiny_config, tmp_path):
    """Weights with which batch normalisation does something."""
    cfg = Config.fromfile(str(tiny_config))
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(cfg.model)
    model.init_weights()
    for name, buffer in model.named_buffers():
        if name.endswith(('running_mean', 'running_var')):
            buffer.uniform_(0.5, 2.0)
    path = tmp_path / 'tiny.pth'
    torch.save(dict(state_dict=model.state_dict(), meta={}), path)
    return path


def only_message(capsys):
    shown = capsys.readouterr().err
    lines = [line for line in shown.splitlines() if line.startswith('error: ')]
    assert len(lines) == 1
    assert 'Traceback' not in shown
    return lines[0]


@pytest.mark.parametrize(
    ('flags', 'message'),
    [
        (['--eval', 'mAP'], 'valid names are test_evaluator (CocoMetric): bbox, segm'),
        (['--eval', 'segm'], 'the model predicts no masks'),
        (['--out', 'o.json'], 'must end with .pkl'),
        (['--wait-time', 'long'], '--wait-time'),
        (['--cfg-options', 'test_dataloader.dataset.ann_file=no'], 'does not exist'),
        (['--cfg-options', 'test_evaluator=None'], 'the config has no test_evaluator'),
    ],
)
def test_bad_flag(tool_main, tiny_config, checkpoint, tmp_path, capsys, flags, message):
    assert tool_main('test', tiny_config, checkpoint, *flags) == 2
    assert message in only_message(capsys)
    assert not (tmp_path / 'work_dirs').exists()


def test_bad_checkpoint(tool_main, tiny_config, tmp_path, capsys):
    assert tool_main('test', tiny_config, 'absent.pth') == 2
    assert 'checkpoint absent.pth does not exist' in only_message(capsys)
    assert tool_main('test', tiny_config, tiny_config) == 2
    assert 'is not a checkpoint' in only_message(capsys)
    assert not (tmp_path / 'work_dirs').exists()


def test_weights_of_another_model(tool_main, tiny_config, tmp_path, capsys):
    torch.save(dict(state_dict={'head.weight': torch.rand(3)}), tmp_path / 'other.pth')
    assert tool_main('test', tiny_config, tmp_path / 'other.pth') == 2
    assert 'has 0 of the ' in capsys.readouterr().err


def predictions(tool_main, tiny_config, checkpoint, tmp_path, *flags):
    path = tmp_path / 'o.pkl'
    assert tool_main('test', tiny_config, checkpoint, '--out', path, *flags) == 0
    with path.open('rb') as file:
        return [sample['pred_instances'] for sample in pickle.load(file)]


def test_fusing_keeps_the_detections(tool_main, tiny_config, checkpoint, tmp_path):
    given = (tool_main, tiny_config, checkpoint, tmp_path)
    plain = predictions(*given)
    fused = predictions(*given, '--fuse-conv-bn')
    assert len(plain) == len(fused) == 4
    assert sum(len(sample['scores']) for sample in plain) > 0
    for before, after in zip(plain, fused, strict=True):
        for name in ('bboxes', 'scores'):
            torch.testing.assert_close(
                after[name], before[name], atol=1e-4, rtol=1e-4, check_stride=False
            )
        assert torch.equal(before['labels'], after['labels'])


def test_shards_give_the_figures_of_one_test(
    tool_main, tiny_config, checkpoint, tmp_path, monkeypatch
):
    given = (tool_main, tiny_config, checkpoint, tmp_path)
    plain = predictions(*given)
    shards = ('--shards', tmp_path / 'shards')
    kept = predictions(*given, *shards)
    assert len(list((tmp_path / 'shards').glob('*.shard.pth'))) == 1

    def refuse(*args, **kwargs):
        raise AssertionError('an image was tested again')

    monkeypatch.setattr('mmdet.models.BaseDetector.test_step', refuse)
    again = predictions(*given, *shards)
    assert len(plain) == 4
    for name in ('bboxes', 'scores', 'labels'):
        first = [sample[name] for sample in plain]
        for each in (kept, again):
            found = [sample[name] for sample in each]
            torch.testing.assert_close(found, first, rtol=0, atol=0)


def test_format_only_writes_the_results(
    tool_main, tiny_config, checkpoint, tmp_path, edit_annotations
):
    edit_annotations('val', lambda content: content.pop('annotations'))
    assert tool_main('test', tiny_config, checkpoint, '--format-only') == 0
    path = tmp_path / 'work_dirs/tiny/results.bbox.json'
    results = json.loads(path.read_text())
    assert {result['image_id'] for result in results} == {0, 1, 2, 3}
    assert {'bbox', 'score', 'category_id'} <= results[0].keys()


def test_eval_names_decide_what_is_measured(
    tool_main, tiny_config, checkpoint, tmp_path
):
    names = ['proposal', 'bbox']
    assert tool_main('test', tiny_config, checkpoint, '--eval', *names) == 0
    (log,) = (tmp_path / 'work_dirs/tiny').glob('*/*.json')
    measured = json.loads(log.read_text())
    assert 'coco/AR@100' in measured
    assert 'coco/bbox_mAP' in measured


def test_augmentation_runs(tool_main, tiny_config, checkpoint, tmp_path):
    given = (tool_main, tiny_config, checkpoint, tmp_path)
    plain, augmented = predictions(*given), predictions(*given, '--tta')
    assert len(augmented) == 4
    assert not torch.equal(plain[0]['scores'], augmented[0]['scores'])


def test_painted_images_are_saved(tool_main, tiny_config, checkpoint, tmp_path):
    assert tool_main('test', tiny_config, checkpoint, '--show-dir', 'painted') == 0
    assert len(list((tmp_path / 'work_dirs').rglob('painted/**/*.png'))) == 4


def test_corrupt_image_is_named(
    tool_main, tiny_config, checkpoint, coco_folder, capsys
):
    path = coco_folder / 'images/2.png'
    path.write_bytes(path.read_bytes()[:60])
    assert tool_main('test', tiny_config, checkpoint) == 2
    assert f'image {coco_folder}/images/2.png' in only_message(capsys)
