"""What the tests of all config folders share."""

import copy
import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.config import Config
from mmengine.config import utils as config_utils
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

# What a runner reads; other names are parts that a config reuses.
RUN_KEYS = {
    'auto_scale_lr',
    'custom_hooks',
    'default_hooks',
    'load_from',
    'log_processor',
    'model',
    'optim_wrapper',
    'param_scheduler',
    'randomness',
    'test_cfg',
    'test_dataloader',
    'test_evaluator',
    'train_cfg',
    'train_dataloader',
    'tta_model',
    'tta_pipeline',
    'val_cfg',
    'val_dataloader',
    'val_evaluator',
}
BOXES = torch.tensor([[10.0, 10, 60, 50], [30, 20, 90, 60]])


@functools.cache
def _read(path: Path) -> Config:
    # `mmdet::` bases are in no index, which is a hundred files to read each time.
    with mock.patch.object(config_utils, '_get_cfg_metainfo', side_effect=ValueError):
        return Config.fromfile(path, import_custom_modules=False)


def load_config(path: Path) -> Config:
    """A copy of a config, read once."""
    init_default_scope('mmdet')
    return copy.deepcopy(_read(path))


def make_batch(
    num_classes: int, shapes: Sequence[tuple[int, int]] = ((96, 128), (96, 128))
) -> dict:
    """Images of these heights and widths with two objects each, as a data loader has.

    The objects are of the first and of the last class.
    """
    torch.manual_seed(0)
    labels = torch.tensor([0, num_classes - 1])
    samples = [
        DetDataSample(
            gt_instances=InstanceData(bboxes=BOXES.clone(), labels=labels.clone()),
            metainfo=dict(img_shape=shape, ori_shape=shape, scale_factor=(1, 1)),
        )
        for shape in shapes
    ]
    inputs = [torch.randint(0, 255, (3, *shape), dtype=torch.uint8) for shape in shapes]
    return dict(inputs=inputs, data_samples=samples)


def fake_batch(model: dict) -> dict:
    """A batch for a model's config: two images with objects of its classes."""
    (num_classes, *_) = _values(model, 'num_classes')
    data = make_batch(num_classes, [(128, 128), (128, 96)])
    for sample in data['data_samples']:
        masks = np.ones((2, 128, 128), dtype=np.uint8)
        sample.gt_instances.masks = BitmapMasks(masks, 128, 128)
    return data


def _values(node: object, name: str) -> list:
    """What dicts below a node have under a name."""
    if isinstance(node, list | tuple):
        return [value for item in node for value in _values(item, name)]
    if not isinstance(node, dict):
        return []
    own = [node[name]] if name in node else []
    return own + _values(list(node.values()), name)


def reported_numbers() -> list[tuple[str, str, str, str]]:
    """Rows of docs/papers/numbers.md: config, table of the paper, data and number."""
    page = Path(__file__).parents[2] / 'docs' / 'papers' / 'numbers.md'
    row = re.compile(r'\| `(\S+)` \| ([^|]+) \| ([^|]+) \| ([\d.]+) \|')
    rows = map(row.match, page.read_text().splitlines())
    return [match.group(1, 2, 3, 4) for match in rows if match]


def changes(first: Config, second: Config) -> dict[str, object]:
    """Dotted keys in which two configs differ, with the values of the second.

    A key that the second lacks has the value `absent`.
    """
    both = (
        {k: v for k, v in c.to_dict().items() if k in RUN_KEYS} for c in (first, second)
    )
    return _changes(*map(plain, both))


def plain(node: Any) -> Any:
    """Tuples as lists and without the scope that MMEngine adds, as YAML has them."""
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items() if key != '_scope_'}
    return [plain(item) for item in node] if isinstance(node, list | tuple) else node


def _changes(first: dict, second: dict, key: str = '') -> dict[str, object]:
    found = {}
    for name in {*first, *second}:
        one, two = first.get(name, 'absent'), second.get(name, 'absent')
        if isinstance(one, dict) and isinstance(two, dict):
            found.update(_changes(one, two, f'{key}{name}.'))
        elif one != two:
            found[key + name] = two
    return found
