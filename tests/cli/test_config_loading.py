from argparse import Namespace

import pytest
from mmengine.config import Config

from mmdet_plus.cli.config_loading import apply_options, load_config, read_config
from mmdet_plus.errors import UserError


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


@pytest.fixture
def cfg():
    return Config(
        dict(
            model=dict(backbone=dict(depth=50)),
            train_dataloader=dict(batch_size=2),
            steps=[dict(type='A'), dict(type='B')],
            pair=(1, 2),
        )
    )


def test_values_are_set(cfg):
    apply_options(
        cfg, {'model.backbone.depth': 101, 'steps.1.type': 'C', 'model.new': 1}
    )
    assert cfg.model.backbone.depth == 101
    assert [step.type for step in cfg.steps] == ['A', 'C']
    assert cfg.model.new == 1


def test_close_top_level_key_is_suggested(cfg):
    with pytest.raises(UserError, match=r'did you mean.*train_dataloader'):
        apply_options(cfg, {'train_dataloder.batch_size': 4})
    assert 'train_dataloder' not in cfg


@pytest.mark.parametrize(
    'key', ['load_from', 'resume', 'work_dir', 'visualizer', 'custom_hooks', 'env_cfg']
)
def test_keys_of_the_runner_may_be_new(cfg, key):
    apply_options(cfg, {key: None})
    assert key in cfg


@pytest.mark.parametrize(
    ('key', 'message'),
    [
        ('steps.2.type', 'index 2 is out of range: steps has 2 elements'),
        ('steps.2', 'index 2 is out of range'),
        ('steps.first', 'needs an index from 0 to 1'),
        ('model.backbone.depth.x', 'model.backbone.depth is 50, which has no keys'),
        ('pair.0', 'pair is a tuple'),
    ],
)
def test_wrong_paths(cfg, key, message):
    with pytest.raises(UserError, match=message):
        apply_options(cfg, {key: 1})


def test_what_is_no_config_is_named(tmp_path):
    with pytest.raises(UserError, match='is a folder'):
        read_config(str(tmp_path))
    for content, reason in ((b'\xff\xfe', "can't decode"), (b'a = 1\0', 'is no text')):
        (tmp_path / 'a.py').write_bytes(content)
        with pytest.raises(UserError, match=rf'a\.py .*{reason}'):
            read_config(str(tmp_path / 'a.py'))


def test_bases_that_lead_back(tmp_path):
    (tmp_path / 'a.py').write_text("_base_ = 'b.py'")
    (tmp_path / 'b.py').write_text("_base_ = 'a.py'")
    with pytest.raises(UserError, match=r'a\.py: its _base_ leads back'):
        read_config(str(tmp_path / 'a.py'))


def test_a_checkpoint_in_place_of_a_config(tmp_path):
    (tmp_path / 'a.pth').touch()
    with pytest.raises(UserError, match=r'a\.pth is a checkpoint: the config'):
        read_config(str(tmp_path / 'a.pth'))
