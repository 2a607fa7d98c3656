from argparse import Namespace

import pytest

from mmdet_plus.engine.config_loading import load_config, read_config
from mmdet_plus.engine.error_reporting import UserError


def arguments(config, **changes):
    given = dict(cfg_options={}, launcher='none', work_dir=None)
    return Namespace(config=str(config), **{**given, **changes})


def test_missing_file_suggests_its_neighbours(tmp_path):
    (tmp_path / 'tiny.py').write_text('a = 1')
    with pytest.raises(UserError, match=r'tinny.py does not exist.*tiny\.py'):
        read_config(str(tmp_path / 'tinny.py'))
    with pytest.raises(UserError, match='there is no folder'):
        read_config(str(tmp_path / 'absent' / 'tiny.py'))


def test_syntax_error_names_file_and_line(tmp_path):
    path = tmp_path / 'broken.py'
    path.write_text('a = 1\nb = dict(\n')
    with pytest.raises(UserError, match=r'broken\.py, line 2'):
        read_config(str(path))


def test_error_while_reading_names_the_file(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text("_base_ = './absent.py'\n")
    with pytest.raises(UserError, match=r'config\.py cannot be read.*absent\.py'):
        read_config(str(path))


@pytest.mark.parametrize(
    ('text', 'given', 'expected'),
    [
        ('a = 1', None, 'work_dirs/config'),
        ("work_dir = 'own'", None, 'own'),
        ("work_dir = 'own'", 'given', 'given'),
    ],
)
def test_work_dir(tmp_path, text, given, expected):
    path = tmp_path / 'config.py'
    path.write_text(text)
    assert load_config(arguments(path, work_dir=given)).work_dir == expected


def test_work_dir_must_not_be_a_file(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text('a = 1')
    with pytest.raises(UserError, match='is a file'):
        load_config(arguments(path, work_dir=str(path)))


def test_options_launcher_and_moved_data(tmp_path, capsys):
    path = tmp_path / 'config.py'
    path.write_text(
        "data_root = 'absent/'\n"
        'train_dataloader = dict(dataset=dict(data_root=data_root))\n'
        'val_dataloader = dict(dataset=dict(data_root=data_root))\n'
    )
    options = {'train_dataloader.dataset.data_root': 'my'}
    cfg = load_config(arguments(path, cfg_options=options))
    assert cfg.launcher == 'none'
    assert cfg.val_dataloader.dataset.data_root == 'my'
    assert capsys.readouterr().out.count('absent/ does not exist; moved to my') == 1
