import hashlib
from pathlib import Path

import pytest
import torch
from mmengine.hub import get_config
from mmengine.runner import load_checkpoint

from mmdet_plus.zoo import ZooEntry, ZooError, checkpoint_scheme
from mmdet_plus.zoo.index import ZooFile


def test_weights_come_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv('MMENGINE_HOME', str(tmp_path / 'home'))
    source = torch.nn.Linear(2, 1)
    path = tmp_path / 'net.pth'
    torch.save(dict(state_dict=source.state_dict()), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    file = ZooFile((path.as_uri(),), digest, path.stat().st_size, '', '', '')
    asked = []

    def find(name):
        asked.append(name)
        return ZooEntry(name, Path('net.py'), [], file)

    monkeypatch.setattr(checkpoint_scheme, 'find_entry', find)
    target = torch.nn.Linear(2, 1)
    load_checkpoint(target, 'zoo://net')
    assert asked == ['net']
    assert torch.equal(target.weight, source.weight)


def test_unknown_names():
    with pytest.raises(ZooError, match="the zoo has no model 'nothing-like-it'"):
        load_checkpoint(torch.nn.Linear(2, 1), 'zoo://nothing-like-it')


def test_configs_come_from_the_package():
    cfg = get_config('mmdet_plus::d2det/d2det_r18_fpn_1x_shapes.py')
    assert cfg.model.roi_head.type == 'D2DetRoIHead'
    with pytest.raises(ZooError, match='no weights of'):
        load_checkpoint(torch.nn.Linear(2, 1), 'zoo://d2det_r50_fpn_2x_coco')
