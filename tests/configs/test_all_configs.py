"""Every config of every folder: its form, its components, a step, its one change."""

import ast
from functools import cache
from pathlib import Path

import mmcv.ops
import pytest
import torch
import yaml
from mmdet import registry as mmdet_registry
from mmdet.registry import MODELS
from mmengine.registry import Registry
from mmengine.utils import import_modules_from_strings
from samples.configs import changes, fake_batch, load_config
from samples.narrowing import narrow

import mmdet_plus  # noqa: F401
from mmdet_plus.errors import UserError

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / 'configs'
MAX_DEPTH = 3
MAX_LINES = 25


def bases(path: Path) -> list[Path]:
    """Our own configs that a file names as its bases."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '_base_':
            value = ast.literal_eval(node.value)
            names = [value] if isinstance(value, str) else value
            return [path.parent / name for name in names if '::' not in name]
    return []


def is_alias(path: Path) -> bool:
    """A config at its former place or name, which only leads to the present one."""
    return len(ast.parse(path.read_text()).body) == 1 and len(bases(path)) == 1


def depth(path: Path) -> int:
    return 1 + max((depth(base) for base in bases(path)), default=0)


LEAVES = sorted(p for p in FOLDER.glob('*/*.py') if p.parent.name != '_base_')
ALIASES = [path for path in LEAVES if is_alias(path)]
CONFIGS = {path.stem: path for path in LEAVES if not is_alias(path)}
CHANGES = {
    (main, name): changed
    for path in sorted((HERE / 'changes').glob('*.yml'))
    for main, variants in yaml.safe_load(path.read_text()).items()
    for name, changed in variants.items()
}


def load(name: str) -> dict:
    return load_config(CONFIGS[name])


def import_parts(name: str) -> None:
    """Other libraries that a config takes parts from may be missing."""
    try:
        import_modules_from_strings(**load(name).custom_imports)
    except UserError as error:
        pytest.skip(str(error))


@cache
def small_model(name: str) -> dict:
    model = load(name).model
    # Those for shapes are small as they are.
    return narrow(model, 1 if name.endswith('_shapes') else 8 if 'fcos' in name else 16)


def structure(model: dict, key: str = '') -> frozenset:
    """The components of a model and their places, whatever their numbers."""
    found = set()
    for name, value in model.items():
        if isinstance(value, dict):
            found |= structure(value, f'{key}{name}.')
        elif name == 'type' or value is None or isinstance(value, bool):
            found.add((key + name, value))
    return frozenset(found)


@cache
def representatives() -> dict[str, bool]:
    """All configs, and whether they are the first of their structure."""
    seen: set[frozenset] = set()
    first = {}
    for name in CONFIGS:
        kind = structure(small_model(name))
        first[name] = kind not in seen
        seen.add(kind)
    return first


@pytest.mark.parametrize('name', CONFIGS)
def test_a_config_is_short_and_says_what_it_is(name):
    lines = CONFIGS[name].read_text().splitlines()
    assert lines[0].startswith('# ')
    assert len(lines) <= MAX_LINES
    assert depth(CONFIGS[name]) <= MAX_DEPTH


@pytest.mark.parametrize('path', ALIASES, ids=lambda path: path.stem)
def test_a_former_place_leads_to_a_config(path):
    assert bases(path)[0].resolve() in CONFIGS.values()


def types_in(node: object) -> set[str]:
    if isinstance(node, list | tuple):
        return set().union(*map(types_in, node))
    if not isinstance(node, dict):
        return set()
    own = {node['type']} if isinstance(node.get('type'), str) else set()
    return own | types_in(list(node.values()))


def is_registered(kind: str) -> bool:
    registries = [
        found for found in vars(mmdet_registry).values() if isinstance(found, Registry)
    ]
    # These look into their parents of MMEngine, too; RoI layers are looked up in mmcv.
    found = any(registry.get(kind) is not None for registry in registries)
    return found or hasattr(mmcv.ops, kind)


# Looked up elsewhere: initialisers.
NOT_REGISTERED = {'Normal', 'Pretrained', 'Xavier'}


@pytest.mark.parametrize('name', CONFIGS)
def test_all_types_are_registered(name):
    cfg = load(name)
    assert cfg.custom_imports.imports[0] == 'mmdet_plus'
    assert not cfg.custom_imports.allow_failed_imports
    import_parts(name)
    assert cfg.auto_scale_lr.base_batch_size > 0
    unknown = {
        kind
        for kind in types_in(cfg.to_dict()) - NOT_REGISTERED
        if not is_registered(kind)
    }
    assert unknown == set()


@pytest.mark.parametrize('name', CONFIGS)
def test_a_small_copy_builds_and_new_structures_step(name):
    import_parts(name)
    torch.manual_seed(0)
    cfg = small_model(name)
    model = MODELS.build(cfg)
    if not representatives()[name]:
        return
    data = model.data_preprocessor(fake_batch(cfg), training=True)
    total, _ = model.parse_losses(model(**data, mode='loss'))
    assert total.isfinite()
    total.backward()
    missing = [
        n for n, p in model.named_parameters() if p.requires_grad and p.grad is None
    ]
    # MMDetection's grid head has a convolution that nobody uses in training.
    assert missing == [] or 'grid-rcnn' in name
    check_predictions(model.eval(), data, 'mask' in name)


def check_predictions(model: torch.nn.Module, data: dict, with_masks: bool) -> None:
    with torch.no_grad():
        results = model(**data, mode='predict')
    assert len(results) == 2
    for result in results:
        found = result.pred_instances
        assert len(found) > 0
        assert found.bboxes.isfinite().all()
        assert (found.labels >= 0).all()
        assert ('masks' in found) == with_masks


@pytest.mark.parametrize(('main', 'name'), CHANGES)
def test_a_derived_config_changes_what_its_row_says(main, name):
    assert changes(load(main), load(name)) == CHANGES[main, name]
