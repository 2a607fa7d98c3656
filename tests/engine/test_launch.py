import pytest
from mmengine.config import Config

from mmdet_plus.engine.error_reporting import UserError
from mmdet_plus.engine.launch import is_first_process, start_distributed


def test_no_launcher_starts_nothing():
    cfg = Config(dict(launcher='none'))
    start_distributed(cfg)
    assert 'model_wrapper_cfg' not in cfg


@pytest.mark.parametrize(
    ('launcher', 'variable'),
    [
        ('pytorch', 'RANK'),
        ('slurm', 'SLURM_PROCID'),
        ('mpi', 'OMPI_COMM_WORLD_RANK'),
    ],
)
def test_first_process(monkeypatch, launcher, variable):
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(UserError, match=f'needs the variables {variable}'):
        start_distributed(Config(dict(launcher=launcher)))
    monkeypatch.setenv(variable, '0')
    assert is_first_process(launcher)
    monkeypatch.setenv(variable, '1')
    assert not is_first_process(launcher)
    assert is_first_process('none')
