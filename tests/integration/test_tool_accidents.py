"""Accidents with options, weights, and places to write to, through the tools.

``-s`` shows the table of docs/reliability.md.
"""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import REPOSITORY, TINY_CONFIG, write_coco_folder
from mmengine.runner import Runner
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


def train_arguments(place: Path, accident: Accident) -> list[object]:
    extra = ['--cfg-options', *accident.options] if accident.options else []
    return [place / 'tiny.py', '--work-dir', place / 'work', *extra]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Makes folders with data and a config; nothing is trained."""

    monkeypatch.setattr(Runner, 'train', lambda self: None)
    numbers = itertools.count()

    def make() -> Path:
        folder = tmp_path / f'n{next(numbers)}'
        root = write_coco_folder(folder / 'coco')
        text = TINY_CONFIG.format(repository=REPOSITORY, root=root)
        (folder / 'tiny.py').write_text(text)
        return folder

    return make


@pytest.mark.slow
def test_options(tool_main, place, capfd, monkeypatch):
    results = []
    for accident in options():
        folder = place()
        monkeypatch.chdir(folder)
        capfd.readouterr()
        Visualizer._instance_dict.clear()  # writes to the folder of its first run
        status = tool_main('train', *train_arguments(folder, accident))
        printed = ''.join(capfd.readouterr())
        good = is_good(status, printed, accident.culprits, [folder / 'work'])
        results.append((f'{accident.name} ({status}): {printed[-200:]}', good))
        shutil.rmtree(folder)
    assert report('options', results) == 0
