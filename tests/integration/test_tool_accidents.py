"""Accidents with options, weights, and places to write to, through the tools.

``-s`` shows the table of docs/reliability.md.
"""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from conftest import REPOSITORY, TINY_CONFIG, write_coco_folder
from mmdet.registry import MODELS
from mmdet.visualization import DetLocalVisualizer
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import EpochBasedTrainLoop
from mmengine.visualization import Visualizer
from samples.accidents import Accident, is_good, report

# Where the message names a part before the last of the key.
WORDS = {'optim_wraper.optimizer.lr': 0}
NOTHING = str  # happens to the folder


def options() -> Iterator[Accident]:
    """Values on the command line, each with what the message must name."""
    values = {
        'model.roi_head.bbox_head.num_classes': ('3', '2.0', '-1', '0', 'None'),
        'train_dataloader.batch_size': ('0', '-1', '1.5', 'two', '[2]'),
        'train_dataloader.num_workers': ('-1', '0.5', 'all'),
        'train_cfg.max_epochs': ('0', '-3', '1.5', 'ten'),
        'train_cfg.max_epoch': ('3',),
        'train_cfg.val_interval': ('0', 'x'),
        'optim_wrapper.optimizer.lr': ('-1', 'nan', 'inf', 'fast', '0,001', '[0.1]'),
        'optim_wrapper.optimizer.weight_decay': ('-0.1', 'x'),
        'optim_wrapper.optimizer.type': ('SGDD', 'AdamX', 'adamw'),
        'optim_wraper.optimizer.lr': ('0.1',),
        'model.backbone.depth': ('19', '-1'),
        'model.backbone.typo': ('1',),
        'model.backbone.frozen_stages': ('7', 'all'),
        'model.backbone.type': ('ResNett', 'resnet', 'mmdet.ResNett'),
        'model.neck.in_channels': ('8',),
        'model.neck.num_out': ('5',),
        'model.test_cfg.rcnn.score_th': ('0.5',),
        'model.test_cfg.rcnn.nms.iou_threshold': ('5', '-1', 'half'),
        'model.test_cfg.rcnn.nms.type': ('nmss',),
        'default_hooks.checkpoint.interval': ('often', '0', '-2', '1.5'),
        'default_hooks.checkpoint.save_bst': ('auto',),
        'default_hooks.logger.interval': ('0', 'x'),
        'train_dataloader.dataset.type': ('CocoDatset', 'COCO'),
        'train_dataloader.dataset.ann_file': ('nope.json', 'annotations', '5'),
        'train_dataloader.dataset.data_prefix.img': ('nope/',),
        'train_dataloader.dataset.metainfo.classes': (
            'square',
            '(square,)',
            '(square,disk)',
            '(disc,square)',
            'None',
            '(square,disc,disc)',
            '(square,disc,cat)',
            '[]',
            '(1,2)',
        ),
        'train_dataloader.dataset.metainfo.CLASSES': ('(square,disc)',),
        'train_dataloader.dataset.pipeline.0.type': ('LoadImage',),
        'train_dataloader.dataset.pipeline.9.type': ('Resize',),
        'train_dataloader.dataset.indices': ('0',),
        'train_dataloader.sampler.type': ('DefaultSamplr',),
        'val_evaluator.type': ('CocoMetrics',),
        'val_evaluator.metric': ('box', 'mAP'),
        'val_evaluator.ann_file': ('nope.json',),
        'randomness.seed': ('-1', 'x', '1.5'),
        'load_from': ('nope.pth', 'tiny.py', 'coco'),
    }
    for key, texts in values.items():
        for text in texts:
            words = (
                [text] if key == 'load_from' else [key.split('.')[WORDS.get(key, -1)]]
            )
            yield Accident(f'{key}={text}', NOTHING, words, [f'{key}={text}'])


def settings() -> Iterator[Accident]:
    """Settings that are read late, each with what the message must name."""
    values = {
        'train_dataloader.dataset': ('None', 'train_dataloader'),
        'train_dataloader.prefetch_factor': ('2', 'prefetch_factor'),
        'optim_wrapper.optimizer': ('None', 'optim_wrapper'),
        'optim_wrapper.type': ('Absent', 'Absent'),
        'optim_wrapper.clip_grad.max_norm': ('-1', 'max_norm'),
        'param_scheduler.0.type': ('MultiStepLR', 'param_scheduler'),
        'train_cfg': ('5', 'train_cfg'),
        'custom_hooks': ('[5]', 'custom_hooks'),
        'default_scope': ('mmdett', 'mmdett'),
        'log_level': ('LOUD', 'LOUD'),
        'val_cfg': ('None', 'val_cfg'),
        'val_evaluator': ('None', 'val_evaluator'),
        'randomness.deterministic': ('maybe', 'deterministic'),
        'model.data_preprocessor.pad_size_divisor': ('0', 'pad_size_divisor'),
        'model.data_preprocessor.mean': ('[1,2]', 'mean'),
        'model.rpn_head.anchor_generator.scales': ('[0]', 'scales'),
        'model.rpn_head.anchor_generator.ratios': ('[-1]', 'ratios'),
        'model.train_cfg.rcnn.sampler.pos_fraction': ('5', 'pos_fraction'),
        'model.train_cfg.rcnn.assigner.pos_iou_thr': ('7', 'pos_iou_thr'),
        'model.test_cfg.rcnn.max_per_img': ('1.5', 'max_per_img'),
        'model.backbone.init_cfg.checkpoint': ('absent.pth', 'init_cfg'),
        'val_dataloader.dataset.pipeline.1.scale': ('(0,64)', 'scale'),
        'train_dataloader.dataset.pipeline.2.prob': ('50', 'prob'),
    }
    for key, (text, word) in values.items():
        yield Accident(f'{key}={text}', NOTHING, [word], [f'{key}={text}'])


def forget_visualizers() -> None:
    """They write to the folder of the run that made them."""
    for kind in (Visualizer, DetLocalVisualizer):
        kind._instance_dict.clear()


def train_arguments(place: Path, accident: Accident) -> list[object]:
    extra = ['--cfg-options', *accident.options] if accident.options else []
    return [place / 'tiny.py', '--work-dir', place / 'work', *extra]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Makes folders with data and a config; nothing is trained."""

    monkeypatch.setattr(EpochBasedTrainLoop, 'run', lambda self: None)
    numbers = itertools.count()

    def make() -> Path:
        folder = tmp_path / f'n{next(numbers)}'
        root = write_coco_folder(folder / 'coco')
        text = TINY_CONFIG.format(repository=REPOSITORY, root=root)
        (folder / 'tiny.py').write_text(text)
        return folder

    return make


@pytest.mark.slow
@pytest.mark.parametrize('kind', [options, settings])
def test_options(kind, tool_main, place, capfd, monkeypatch):
    results = []
    for accident in kind():
        folder = place()
        monkeypatch.chdir(folder)
        capfd.readouterr()
        forget_visualizers()
        status = tool_main('train', *train_arguments(folder, accident))
        printed = ''.join(capfd.readouterr())
        good = is_good(status, printed, accident.culprits, [folder / 'work'])
        results.append((f'{accident.name} ({status}): {printed[-200:]}', good))
        shutil.rmtree(folder)
    assert report(kind.__name__, results) == 0


def weights() -> Iterator[tuple[str, object, list[str]]]:
    """Names of checkpoints, what they hold, and what the message must name."""
    yield 'absent.pth', None, ['absent.pth']
    yield 'page.pth', b'<!DOCTYPE html><html>404</html>', ['page.pth']
    yield 'empty.pth', b'', ['empty.pth']
    yield 'list.pth', [1, 2], ['list.pth']
    yield 'none.pth', dict(state_dict=None), ['none.pth', 'state_dict']
    yield 'nothing.pth', dict(state_dict={}), ['0 of the']
    yield 'numbers.pth', dict(state_dict={1: torch.rand(2)}), ['numbers.pth']
    yield 'other.pth', dict(state_dict={'a.b': torch.rand(2)}), ['belongs to another']
    yield 'path.pth', dict(state_dict={}, meta=dict(a=Path('a'))), ['path.pth']
    whole = MODELS.build(Config.fromfile('tiny.py').model).state_dict()
    name = 'roi_head.bbox_head.fc_cls.weight'
    for change, words in (
        (lambda w: w.pop(name), [name]),
        (lambda w: w.update({name: w[name][:2]}), [name]),
        (lambda w: w[name].fill_(float('nan')), ['NaN']),
        (lambda w: [w.pop(key) for key in list(w) if 'neck' in key], ['neck']),
    ):
        changed = {key: weight.clone() for key, weight in whole.items()}
        change(changed)
        yield f'{words[0]}.pth', dict(state_dict=changed), words
    classes = dict(dataset_meta=dict(classes=('disc', 'square')))
    yield 'order.pth', dict(state_dict=whole, meta=classes), ['another order']


@pytest.mark.slow
def test_weights(tool_main, place, capfd, monkeypatch):
    init_default_scope('mmdet')
    folder = place()
    monkeypatch.chdir(folder)
    results = []
    for name, content, words in weights():
        if isinstance(content, bytes):
            Path(name).write_bytes(content)
        elif content is not None:
            torch.save(content, name)
        forget_visualizers()
        capfd.readouterr()
        status = tool_main('test', 'tiny.py', name)
        printed = ''.join(capfd.readouterr())
        label = f'{name} ({status}): {printed[-200:]}'
        results.append((label, status == 2 and is_good(status, printed, words)))
    assert report('weights', results) == 0


@pytest.mark.slow
def test_places_to_write_to(tool_main, place, capfd, monkeypatch):
    init_default_scope('mmdet')
    folder = place()
    monkeypatch.chdir(folder)
    model = MODELS.build(Config.fromfile('tiny.py').model)
    torch.save(dict(state_dict=model.state_dict()), 'net.pth')
    test, image = ['test', 'tiny.py', 'net.pth'], 'coco/images/0.png'
    demo = ['image_demo', image, '--model', 'tiny.py', '--weights', 'net.pth']
    commands = [
        [*test, '--out', 'coco'],
        [*test, '--out', 'tiny.py/a.pkl'],
        [*test, '--work-dir', 'tiny.py'],
        [*test, '--work-dir', 'tiny.py/a'],
        [*test, '--report', 'tiny.py'],
        [*demo, '--out-dir', 'tiny.py'],
        [*demo, '--out-dir', 'tiny.py/a'],
        ['train', 'tiny.py', '--work-dir', 'tiny.py'],
        ['train', 'tiny.py', '--work-dir', 'a' * 300],
        ['export', 'tiny.py', 'net.pth', '--out', 'coco'],
        ['export', 'tiny.py', 'net.pth', '--out', 'tiny.py/a.onnx'],
        ['check_data', 'coco', '--out', 'tiny.py'],
        ['model_converters/publish_model', 'net.pth', 'tiny.py', '--name', 'a'],
        ['model_converters/subset_classes', 'net.pth', 'coco', '--to', 'voc'],
        ['dataset_converters/make_shapes', 'tiny.py'],
    ]
    results = []
    for name, *arguments in commands:
        forget_visualizers()
        capfd.readouterr()
        status = tool_main(name, *arguments)
        printed = ''.join(capfd.readouterr())
        label = f'{name} {" ".join(arguments)} ({status}): {printed[-200:]}'
        culprit = arguments[-1] if '--name' not in arguments else 'tiny.py'
        culprit = 'coco' if '--to' in arguments else culprit[:50]
        results.append((label, status == 2 and is_good(status, printed, [culprit])))
    assert report('places', results) == 0
