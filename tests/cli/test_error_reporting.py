import pytest
import torch
from mmengine.model import BaseModule

from mmdet_plus.cli.error_reporting import message_of, run_tool
from mmdet_plus.errors import UserError


def raising(error):
    def tool(argv):
        raise error

    return tool


@pytest.mark.parametrize(
    ('error', 'status'), [(UserError('wrong'), 2), (ValueError('wrong'), 1)]
)
def test_message_and_status(capsys, error, status):
    assert run_tool(raising(error), []) == status
    shown = capsys.readouterr().err
    assert shown.startswith('error: ')
    assert 'wrong' in shown
    assert 'Traceback' not in shown


def test_unexpected_error_names_the_variable_for_a_traceback(capsys, monkeypatch):
    run_tool(raising(ValueError('wrong')), [])
    assert 'MMDET_PLUS_TRACEBACK=1' in capsys.readouterr().err
    monkeypatch.setenv('MMDET_PLUS_TRACEBACK', '1')
    run_tool(raising(ValueError('wrong')), [])
    assert 'Traceback (most recent call last)' in capsys.readouterr().err


def test_interrupt_is_quiet(capsys):
    assert run_tool(raising(KeyboardInterrupt()), []) == 130
    assert capsys.readouterr().err == ''


def test_success_passes_the_arguments(capsys):
    seen = []
    assert run_tool(seen.append, ['a']) == 0
    assert seen == [['a']]
    assert capsys.readouterr().err == ''


class FailingDataset(torch.utils.data.Dataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        raise ValueError('image x.png is broken')


def test_error_of_a_worker_is_its_last_line():
    loader = torch.utils.data.DataLoader(FailingDataset(), num_workers=1)
    with pytest.raises(ValueError, match='broken') as caught:
        next(iter(loader))
    message = message_of(caught.value)
    assert message.startswith('ValueError: image x.png is broken (')
    assert '\n' not in message


def test_error_without_message_names_the_line():
    try:
        raise AssertionError
    except AssertionError as error:
        message = message_of(error)
    assert 'test_error_reporting.py, line' in message


def test_batch_norm_on_one_value_has_a_remedy():
    with pytest.raises(ValueError, match='than 1 value') as caught:
        torch.nn.BatchNorm2d(3)(torch.zeros(1, 3, 1, 1))
    message = message_of(caught.value)
    assert 'got input size torch.Size([1, 3, 1, 1]): batch norm cannot' in message
    assert 'train_dataloader.batch_size to 2 or more' in message


def test_parts_of_the_model_are_named():
    class Neck(BaseModule):
        def forward(self, x):
            raise RuntimeError('Given groups=1')

    class Net(BaseModule):
        def __init__(self):
            super().__init__()
            self.neck = Neck()

        def forward(self, x):
            return self.neck(x)

    with pytest.raises(RuntimeError) as caught:
        Net()(1)
    message = message_of(caught.value)
    assert message.startswith('RuntimeError: Given groups=1 (in Net > Neck)')


def test_processes_of_one_launcher_tell_an_error_once(monkeypatch, tmp_path, capsys):
    def fail(argv):
        raise UserError('no such config')

    for attempt, rank, times in ((0, 0, 1), (0, 1, 0), (1, 1, 1)):
        folder = tmp_path / f'attempt_{attempt}' / str(rank)
        folder.mkdir(parents=True)
        monkeypatch.setenv('TORCHELASTIC_ERROR_FILE', str(folder / 'error.json'))
        assert run_tool(fail, ['--launcher', 'pytorch']) == 2
        assert capsys.readouterr().err == 'error: no such config\n' * times
        # One that such a process starts has its own errors.
        assert run_tool(fail, ['a.py']) == 2
        assert capsys.readouterr().err == 'error: no such config\n'
    monkeypatch.setenv('TORCHELASTIC_ERROR_FILE', '/absent/0/error.json')
    assert run_tool(fail, ['--launcher=pytorch']) == 2
    assert 'no such config' in capsys.readouterr().err
