import pytest

from mmdet_plus.cli.arguments import (
    ToolParser,
    add_shared_arguments,
    at_least,
    device_name,
    is_first_process,
    number_in,
)
from mmdet_plus.errors import UserError


@pytest.fixture
def parser():
    parser = ToolParser(prog='tool')
    parser.add_argument('config')
    add_shared_arguments(parser)
    return parser


def test_options_become_values(parser):
    pairs = ['a.b=1', 'c=[1,2]', 'd=(x,)', 'e=None', 'f=0.5', 'g=word', 'h=True']
    args = parser.parse_args(['x.py', '--cfg-options', *pairs])
    expected = {'a.b': 1, 'c': [1, 2], 'd': ('x',), 'e': None, 'f': 0.5}
    assert args.cfg_options == {**expected, 'g': 'word', 'h': True}


@pytest.mark.parametrize('pair', ['a', '=1', 'a..b=1', 'a=[1,2', 'a=(1))'])
def test_unparsable_option_is_named(parser, pair):
    with pytest.raises(UserError, match='--cfg-options') as caught:
        parser.parse_args(['x.py', '--cfg-options', pair])
    assert repr(pair) in str(caught.value)


def test_usage_error_is_a_user_error(parser):
    with pytest.raises(UserError, match=r'config \(see tool --help\)'):
        parser.parse_args([])


@pytest.mark.parametrize('flag', ['--local_rank', '--local-rank'])
def test_both_spellings_of_local_rank(parser, flag):
    assert parser.parse_args(['x.py', flag, '3']).local_rank == 3


def test_defaults(parser):
    args = parser.parse_args(['x.py'])
    assert (args.launcher, args.cfg_options, args.work_dir) == ('none', {}, None)


@pytest.mark.parametrize(
    ('launcher', 'variable'),
    [
        ('pytorch', 'RANK'),
        ('slurm', 'SLURM_PROCID'),
        ('mpi', 'OMPI_COMM_WORLD_RANK'),
    ],
)
def test_first_process(monkeypatch, launcher, variable):
    monkeypatch.setenv(variable, '0')
    assert is_first_process(launcher)
    monkeypatch.setenv(variable, '1')
    assert not is_first_process(launcher)
    assert is_first_process('none')


@pytest.mark.parametrize(
    ('kind', 'good', 'bad', 'message'),
    [
        (at_least(1), {'1': 1, '7': 7}, '0', 'must be at least 1, got 0'),
        (at_least(1), {}, '2.5', "must be an integer, got '2.5'"),
        (number_in(0, 1), {'0': 0, '1': 1, '0.5': 0.5}, '1.1', 'from 0 to 1, got 1.1'),
        (number_in(0, 1, with_low=False), {'1e-9': 1e-9}, '0', 'above 0 to 1, got 0'),
        (number_in(0, 1), {}, 'nan', 'got nan'),
        (number_in(0, float('inf')), {'1e9': 1e9}, 'inf', 'got inf'),
        (number_in(0, 1), {}, 'half', 'got half'),
        (device_name, {'cpu': 'cpu'}, 'gpu', "'gpu' cannot be used: "),
        (device_name, {}, 'cuda:99', "'cuda:99' cannot be used: "),
    ],
)
def test_types_of_arguments(kind, good, bad, message):
    parser = ToolParser(prog='tool')
    parser.add_argument('--x', type=kind)
    for text, value in good.items():
        assert parser.parse_args(['--x', text]).x == value
    with pytest.raises(UserError) as caught:
        parser.parse_args(['--x', bad])
    assert '--x' in str(caught.value)
    assert message in str(caught.value)
