import importlib
import sys

import pytest

from mmdet_plus.errors import UserError

MODULE = 'mmdet_plus.models.backbones.mmpretrain_backbones'
CONFIG = 'configs/d2det/d2det_convnext-t_fpn_2x_coco.py'
ADVICE = 'pip install onedl-mmpretrain torchvision'


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Puts a module in the place of `mmpretrain.models`."""

    def write(text):
        folder = tmp_path / 'mmpretrain'
        folder.mkdir()
        (folder / '__init__.py').touch()
        (folder / 'models.py').write_text(text)
        monkeypatch.syspath_prepend(tmp_path)

    for name in (MODULE, 'mmpretrain', 'mmpretrain.models'):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return write


def test_backbones_are_imported_where_they_are_installed(stand_in):
    stand_in('KNOWN = True')
    importlib.import_module(MODULE)
    assert sys.modules['mmpretrain.models'].KNOWN


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('import no_such_module', "ModuleNotFoundError: No module named 'no_such_m"),
        ('assert False, "mmcv is too old"', 'AssertionError: mmcv is too old'),
    ],
)
def test_a_broken_library_is_one_message(stand_in, text, reason):
    stand_in(text)
    with pytest.raises(UserError, match=reason) as caught:
        importlib.import_module(MODULE)
    assert ADVICE in str(caught.value)


def test_a_missing_library_is_one_message_of_the_tools(
    stand_in, monkeypatch, tool_main, capsys
):
    monkeypatch.setitem(sys.modules, 'mmpretrain', None)
    assert tool_main('train', CONFIG) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('error: config file ')
    assert line.endswith(ADVICE)
