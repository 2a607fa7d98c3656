import warnings
from types import SimpleNamespace

import pytest

from mmdet_plus.host_versions import (
    HOSTS,
    check_host_versions,
    is_any_host_installed,
    without_noise,
)


def importer(**changes):
    versions = {host.module: host.minimum for host in HOSTS}
    versions |= {'mmcv.ops': ''} | changes

    def import_host(name):
        if versions[name] is None:
            raise ImportError(f'No module named {name!r}')
        return SimpleNamespace(__version__=versions[name])

    return import_host


def test_minimum_versions_pass():
    assert check_host_versions(importer()) is None


def test_much_newer_versions_pass():
    assert check_host_versions(importer(torch='9.0', mmcv='9.0')) is None


@pytest.mark.parametrize('host', HOSTS)
def test_missing_package_names_the_repair(host):
    with pytest.raises(ImportError) as error:
        check_host_versions(importer(**{host.module: None}))
    assert host.module in str(error.value)
    assert host.repair in str(error.value)


def test_uncompiled_ops_name_the_repair():
    repair = 'Repair: python tools/dev/install_mmcv.py'
    with pytest.raises(ImportError, match=f"No module named 'mmcv.ops'.*{repair}"):
        check_host_versions(importer(**{'mmcv.ops': None}))


def test_old_version_is_named_with_the_repair():
    with pytest.raises(ImportError, match=r'mmcv >= 2.1, found 1.7.2. Repair: .*mmcv'):
        check_host_versions(importer(mmcv='1.7.2'))


def test_noise_is_kept_out_and_the_rest_is_shown(capsys, recwarn):
    with without_noise():
        print('Could not import OneDL. Skipping OneDL datasets.')
        print('something else')
        warnings.warn('faster_coco_eval is not installed, metrics', stacklevel=1)
    assert capsys.readouterr().out == 'something else\n'
    assert not recwarn.list


@pytest.mark.parametrize(
    ('installed', 'expected'),
    [((), False), (('torch',), False), (('mmdet',), True), (('torch', 'mmcv'), True)],
)
def test_only_parts_of_openmmlab_ask_for_the_rest(installed, expected):
    def find(name):
        return object() if name in installed else None

    assert is_any_host_installed(find) is expected
