import json

import pytest

from mmdet_plus.zoo import ZooError, find_entry, index, load_index
from mmdet_plus.zoo.index import ZooRelease, index_root

MODEL = {
    'Name': 'net_shapes',
    'In Collection': 'Net',
    'Config': 'configs/net/net_shapes.py',
    'Results': [{'Task': 'Object Detection', 'Metrics': {'box AP': 0.5}}],
    'Weights': 'zoo://net_shapes',
    'File': {
        'URLs': ['https://example.com/net.pth', 'package:zoo/weights/net.pth'],
        'SHA256': 'ab' * 32,
        'Size': 1234,
        'License': 'Apache-2.0',
        'Trained By': 'us',
        'Trained On': 'shapes',
    },
}


def write(root, *models):
    (root / 'configs' / 'net').mkdir(parents=True, exist_ok=True)
    (root / 'model-index.yml').write_text('Import: [configs/net/metafile.yml]')
    text = json.dumps({'Models': models})  # json is yaml
    (root / 'configs' / 'net' / 'metafile.yml').write_text(text)


def test_an_entry_says_all_of_its_file(tmp_path):
    write(tmp_path, MODEL, {'Name': 'other', 'Config': 'configs/net/other.py'})
    entries = load_index(tmp_path)
    assert list(entries) == ['net_shapes', 'other']
    entry = entries['net_shapes']
    assert entry.config == tmp_path / 'configs/net/net_shapes.py'
    assert entry.results == MODEL['Results']
    assert entry.file.urls == tuple(MODEL['File']['URLs'])
    assert (entry.file.sha256, entry.file.size) == ('ab' * 32, 1234)
    assert (entry.file.license, entry.file.trained_by) == ('Apache-2.0', 'us')
    assert entry.file.trained_on == 'shapes'
    assert entry.file.suffix == '.pth'
    assert entries['other'].file is None


RELEASE = {
    'URLs': ['https://drive.google.com/file/d/x/view'],
    'Pages': ['https://example.com/folder'],
    'Format': '.params',
    'License': None,
    'Released By': 'authors',
    'Code': 'https://example.com/code',
}


def test_an_entry_says_all_of_the_release_it_is_converted_from(tmp_path):
    model = {key: value for key, value in MODEL.items() if key != 'File'}
    write(tmp_path, {**model, 'Converted From': RELEASE})
    entry = find_entry('net_shapes', tmp_path)
    assert entry.file is None
    assert entry.release == ZooRelease(
        urls=('https://drive.google.com/file/d/x/view',),
        pages=('https://example.com/folder',),
        suffix='.params',
        license=None,
        released_by='authors',
        code='https://example.com/code',
    )


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'URLs': [], 'Pages': []}, 'Converted From must have URLs or Pages'),
        ({'URLs': ['net.pth']}, "got 'net.pth'"),
        (
            {'Format': '.h5'},
            "Format must be one of .pth, .params, .caffemodel, got '.h5'",
        ),
    ],
)
def test_malformed_releases_are_named(tmp_path, change, message):
    write(tmp_path, {**MODEL, 'Converted From': RELEASE | change})
    with pytest.raises(ZooError, match='net_shapes') as caught:
        load_index(tmp_path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'Config': 'configs/net/wrong.py'}, 'must be named as its config, wrong'),
        ({'Weights': 'https://example.com/a.pth'}, 'Weights must be zoo://net_shapes'),
        ({'File': {**MODEL['File'], 'SHA256': 'ab'}}, 'must be 64 hexadecimal digits'),
        ({'File': {**MODEL['File'], 'SHA256': 12}}, 'must be 64 hexadecimal digits'),
        ({'File': {**MODEL['File'], 'URLs': []}}, 'must be a list of mirrors, got []'),
        ({'File': {**MODEL['File'], 'URLs': 'https://a.b/c.pth'}}, 'a list of mirrors'),
        ({'File': {**MODEL['File'], 'URLs': ['net.pth']}}, "got 'net.pth'"),
        ({'File': {'SHA256': 'ab' * 32}}, "net_shapes lacks 'URLs'"),
    ],
)
def test_malformed_entries_are_named(tmp_path, change, message):
    write(tmp_path, MODEL | change)
    with pytest.raises(
        ZooError, match=r'configs/net/metafile\.yml: net_shapes'
    ) as caught:
        load_index(tmp_path)
    assert message in str(caught.value)


def test_configs_of_other_packages_are_not_ours(tmp_path, monkeypatch):
    package = tmp_path / 'site-packages' / 'mmdet_plus'
    (package.parent / 'configs').mkdir(parents=True)
    monkeypatch.setattr(index, 'PACKAGE', package)
    assert index_root() == package / '.mim'
    (package.parent / 'model-index.yml').write_text('')
    assert index_root() == package.parent


def test_names_are_unique_and_found(tmp_path):
    write(tmp_path, MODEL)
    assert find_entry('net_shapes', tmp_path).name == 'net_shapes'
    with pytest.raises(
        ZooError, match=r"no model 'net_shape'; did you mean net_shapes\?"
    ):
        find_entry('net_shape', tmp_path)
    write(tmp_path, MODEL, MODEL)
    with pytest.raises(ZooError, match='net_shapes is described twice'):
        load_index(tmp_path)


def test_every_config_of_the_package_has_an_entry_and_the_other_way_round():
    entries = load_index()
    configs = {
        path
        for path in (index_root() / 'configs').glob('*/*.py')
        # A file of one line leads from a config's former place to the present one.
        if path.parent.name != '_base_' and len(path.read_text().splitlines()) > 1
    }
    assert {entry.config for entry in entries.values()} == configs
