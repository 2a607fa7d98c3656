import numpy as np
import pytest
import torch

from mmdet_plus.engine.prediction_shards import PredictionShards
from mmdet_plus.errors import UserError


@pytest.fixture
def shards(tmp_path):
    shards = PredictionShards(tmp_path / 'shards', dict(model='a', data='b'))
    shards.claim()
    return shards


def test_what_is_written_is_read(shards):
    boxes = np.arange(8, dtype=np.float32).reshape(2, 4)
    mask = dict(size=[4, 5], counts=b'02d2')
    shards.write({3: [({}, dict(bboxes=boxes, masks=[mask]))], 1: [torch.ones(2)]})
    shards.write({0: ['text']})
    shards.write({})
    found = PredictionShards(shards.folder, {}).read()
    assert sorted(found) == [0, 1, 3]
    kept = found[3][0][1]
    np.testing.assert_array_equal(kept['bboxes'], boxes)
    assert kept['masks'] == [mask]
    assert found[0] == ['text']
    assert len(list(shards.folder.glob('*.pth'))) == 2


def test_only_the_same_test_may_use_a_folder(shards):
    shards.check()
    other = PredictionShards(shards.folder, dict(model='c', data='b'))
    with pytest.raises(UserError, match='not the same model;'):
        other.check()


def test_folders_of_something_else(tmp_path):
    PredictionShards(tmp_path, {}).check()
    (tmp_path / 'photo.jpg').write_text('')
    with pytest.raises(UserError, match='holds other files'):
        PredictionShards(tmp_path, {}).check()
    (tmp_path / 'test.json').write_text('{')
    with pytest.raises(UserError, match=r'test\.json cannot be read'):
        PredictionShards(tmp_path, {}).check()
    (tmp_path / 'test.json').write_text('[]')
    with pytest.raises(UserError, match='was not written by a test'):
        PredictionShards(tmp_path, {}).check()


def test_a_damaged_file_is_named(shards):
    shards.write({0: ['text']})
    (path,) = shards.folder.glob('*.pth')
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UserError, match=path.name):
        shards.read()


def test_what_killed_processes_left_is_cleared(shards):
    part = shards.folder / '00000000-abc.shard.17.part.pth'
    part.write_bytes(b'')
    shards.claim()
    assert not part.exists()
