"""Metafiles and the papers' numbers say what configs, READMEs and papers say."""

import re
from pathlib import Path

import pytest
import yaml
from samples.configs import load_config, reported_numbers

import mmdet_plus

ROOT = Path(__file__).parents[2]
DATA = {
    'data/coco/': 'COCO',
    'data/iSAID/': 'iSAID',
    'data/lvis_v1/': 'LVIS v1',
    'data/Objects365/Obj365_v1/': 'Objects365 v1',
    'data/shapes/': 'generated shapes',
    'data/shapes_start/': 'generated shapes',
    'data/uavdt/': 'UAVDT',
    'data/VOCdevkit/': 'PASCAL VOC',
}
MODELS = {
    model['Name']: model
    for path in sorted((ROOT / 'configs').glob('*/metafile.yml'))
    for model in yaml.safe_load(path.read_text())['Models']
}
NUMBERS = reported_numbers()
METHODS = ('cpm_rcnn', 'd2det', 'dcr', 'double_head', 'refinedet')


def data_roots(node: object) -> set[str]:
    if isinstance(node, list | tuple):
        return set().union(*map(data_roots, node))
    if not isinstance(node, dict):
        return set()
    own = {node['data_root']} if node.get('data_root') else set()
    return own | data_roots(list(node.values()))


def metadata_of(name: str, path: Path) -> dict:
    """What a metafile says of a config's training; of the authors' only the data."""
    cfg = load_config(path)
    dataset = cfg.train_dataloader.dataset.to_dict()
    found = dict.fromkeys(sorted(DATA[root] for root in data_roots(dataset)))
    metadata = {'Training Data': ', '.join(found)}
    if name.endswith('_released'):
        return metadata
    if 'max_epochs' in cfg.train_cfg:
        return metadata | dict(Epochs=cfg.train_cfg.max_epochs)
    return metadata | dict(Iterations=cfg.train_cfg.max_iters)


@pytest.mark.parametrize('name', MODELS)
def test_metadata_are_those_of_the_config(name):
    model = MODELS[name]
    assert model['Metadata'] == metadata_of(name, ROOT / model['Config'])


def readme_rows(name: str) -> str:
    """The lines of READMEs that begin with a link to the config."""
    lines = [
        line
        for path in (ROOT / 'configs').glob('*/README.md')
        for line in path.read_text().splitlines()
    ]
    start = f'| [{name}]('
    return '\n'.join(line for line in lines if line.startswith(start))


@pytest.mark.parametrize(('name', 'where', 'data', 'value'), NUMBERS)
def test_numbers_of_the_papers_stand_in_the_readmes(name, where, data, value):
    assert (ROOT / MODELS[name]['Config']).is_file()
    rows = readme_rows(name)
    assert re.search(rf'(?<![\d.]){re.escape(value)}(?!\d)', rows), rows


def test_metafiles_say_the_numbers_of_the_papers():
    papers = {(name, data.strip()): float(value) for name, _, data, value in NUMBERS}
    compared = 0
    for name, model in MODELS.items():
        for result in model.get('Results', []):
            if result['Reported By'] != "authors' paper":
                continue
            key = name.removesuffix('_released'), result['Dataset']
            value = next(iter(result['Metrics'].values()))
            assert papers[key] == value, key
            compared += 1
    assert compared >= 10


def test_many_numbers_are_compared():
    assert len(NUMBERS) > 60


@pytest.mark.parametrize('method', METHODS)
def test_code_of_a_method_is_that_of_this_version(method):
    path = ROOT / 'configs' / method / 'metafile.yml'
    (collection,) = yaml.safe_load(path.read_text())['Collections']
    code = collection['Code']
    assert code['Version'] == f'v{mmdet_plus.__version__}'
    assert (ROOT / code['URL']).is_file()
    assert (ROOT / collection['README']).is_file()
