"""A seeded set of accidents that scores itself; see docs/reliability.md.

An accident is good if it ends in one ``UserError`` that names the culprit, or changes
nothing. Run with ``-s`` to see the table.
"""

import copy
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer

from mmdet_plus.cli.preflight.config_keys import check_names
from mmdet_plus.cli.resuming import resume_newest
from mmdet_plus.errors import UserError
from mmdet_plus.zoo import load_checkpoint_file

CONFIGS = Path(__file__).parents[2] / 'configs'
METHODS = (
    'd2det/d2det_tiny_shapes.py',
    'cpm_rcnn/cpm-rcnn_tiny_shapes.py',
    'dcr/faster-rcnn-dcrv2_tiny_shapes.py',
    'double_head/dh-ext-faster-rcnn_tiny_shapes.py',
    'refinedet/refinedet320_tiny_shapes.py',
)
CHECKED = ('model', 'train_dataloader', 'optim_wrapper', 'default_hooks', 'train_cfg')
NUM_NAMES, NUM_FILES, NUM_RESUMED = 30, 150, 50  # names of each method


def misspelt(word, generator):
    """The word without a letter, with one twice, or with two exchanged."""
    place = generator.randrange(1, len(word) - 1)
    wrong = generator.choice(
        [
            word[:place] + word[place + 1 :],
            word[:place] + word[place] + word[place:],
            word[:place] + word[place + 1] + word[place] + word[place + 2 :],
        ]
    )
    return misspelt(word, generator) if wrong == word else wrong


def places(node, path=()):
    """Paths of keys that a type takes as arguments, and of registered types."""
    if isinstance(node, dict):
        for key, value in node.items():
            is_name = isinstance(key, str) and len(key) > 4 and key[0] != '_'
            if 'type' in node and is_name:
                yield (*path, key)
            if key == 'type' and isinstance(value, str) and len(value) > 4:
                yield (*path, key)
            yield from places(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from places(value, (*path, index))


def misspell(config, path, generator):
    """Misspell a type or a key; the wrong word."""
    node = config
    for key in path[:-1]:
        node = node[key]
    key = path[-1]
    if key == 'type':
        node[key] = wrong = misspelt(node[key], generator)
        return wrong
    wrong = misspelt(key, generator)
    while wrong in node:
        wrong = misspelt(key, generator)
    node[wrong] = node.pop(key)
    return wrong


def is_good(action, culprit, unchanged=lambda result: False):
    try:
        result = action()
    except UserError as error:
        return culprit in str(error)
    except Exception:
        return False
    return unchanged(result)


def report(name, results):
    bad = [label for label, good in results if not good]
    print(f'\n{name}: {len(results) - len(bad)} of {len(results)} good')
    for label in bad:
        print(f'  not good: {label}')
    return len(bad)


@pytest.mark.slow
@pytest.mark.parametrize('method', METHODS)
def test_misspelt_names(method):
    config = Config.fromfile(CONFIGS / method)
    generator = random.Random(method)
    paths = [path for key in CHECKED for path in places(config[key], (key,))]
    results = []
    for path in generator.sample(paths, min(NUM_NAMES, len(paths))):
        changed = copy.deepcopy(config)
        wrong = misspell(changed, path, generator)
        label = f'{".".join(map(str, path))} as {wrong}'
        results.append((label, is_good(lambda c=changed: check_names(c), wrong)))
    assert report(f'misspelt names, {method}', results) <= 0.1 * len(results)


def trained():
    weights = {f'layer.{i}.weight': torch.rand(8, 8) for i in range(20)}
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    return dict(
        state_dict=weights,
        meta=dict(epoch=1, iter=5, table=np.eye(2)),
        message_hub=dict(log_scalars=dict(loss=history)),
    )


def damage(content, generator):
    """The bytes of a file after an accident."""
    place = generator.randrange(len(content))
    kind = generator.choice(['cut', 'bit', 'zeros', 'twice', 'empty', 'page'])
    changed = bytearray(content)
    if kind == 'cut':
        return kind, content[:place]
    if kind == 'bit':
        changed[place] ^= 1 << generator.randrange(8)
    elif kind == 'zeros':
        changed[place : place + 512] = bytes(len(changed[place : place + 512]))
    elif kind == 'twice':
        changed[place:place] = content[:100]
    elif kind == 'empty':
        changed.clear()
    else:
        changed = bytearray(b'<!DOCTYPE html><html>404</html>')
    return kind, bytes(changed)


def same_weights(expected):
    return lambda loaded: all(
        torch.equal(weight, loaded['state_dict'][name])
        for name, weight in expected['state_dict'].items()
    )


@pytest.mark.slow
def test_damaged_checkpoints(tmp_path):
    generator = random.Random(0)
    content = trained()
    torch.save(content, tmp_path / 'whole.pth')
    whole = (tmp_path / 'whole.pth').read_bytes()
    path, results = tmp_path / 'damaged.pth', []
    for number in range(NUM_FILES):
        kind, changed = damage(whole, generator)
        path.write_bytes(changed)
        good = is_good(
            lambda: load_checkpoint_file(path), 'damaged.pth', same_weights(content)
        )
        results.append((f'{number}: {kind}', good))
    assert report('damaged checkpoints', results) == 0


@pytest.mark.slow
def test_resuming_beside_damaged_checkpoints(tmp_path):
    generator = random.Random(1)
    results = []
    for number in range(NUM_RESUMED):
        folder = tmp_path / str(number)
        folder.mkdir()
        torch.save(trained(), folder / 'epoch_2.pth')
        whole = (folder / 'epoch_2.pth').read_bytes()
        (folder / 'epoch_3.pth').write_bytes(whole[: generator.randrange(len(whole))])
        pointer = generator.choice([None, '', 'epoch_3.pth', str(folder / 'epoch_9.p')])
        if pointer is not None:
            (folder / 'last_checkpoint').write_text(pointer)
        cfg = Config(dict(work_dir=str(folder), load_from=None))
        resume_newest(cfg)
        good = cfg.load_from == str(folder / 'epoch_2.pth')
        results.append((f'{number}: last_checkpoint {pointer!r}', good))
    assert report('resuming beside a cut checkpoint', results) == 0
