import pytest
from mmengine.config import Config
from mmengine.fileio import load

from mmdet_plus.errors import UserError


@pytest.mark.parametrize('read', [load, Config.fromfile])
@pytest.mark.parametrize('suffix', ['.yml', '.yaml'])
def test_objects_in_yaml_are_refused_and_not_built(tmp_path, read, suffix):
    path = tmp_path / f'a{suffix}'
    path.write_text(f'a: !!python/object/apply:os.mkdir ["{tmp_path}/ran"]\n')
    with pytest.raises(UserError, match='as plain YAML'):
        read(str(path))
    assert not (tmp_path / 'ran').exists()


def test_what_mmengine_writes_is_read(tmp_path):
    config = Config(dict(a=(1, [2.5]), b=dict(c=None, d='text')))
    config.dump(tmp_path / 'a.yml')
    assert Config.fromfile(tmp_path / 'a.yml').to_dict() == config.to_dict()


def test_broken_yaml_is_a_user_error(tmp_path):
    (tmp_path / 'a.yml').write_text('a: [1\n')
    with pytest.raises(UserError, match='cannot be read as plain YAML'):
        load(str(tmp_path / 'a.yml'))
