import pytest

from mmdet_plus.cli.arguments import ToolParser
from mmdet_plus.cli.flags_of_benchmarks import (
    add_detections,
    add_proposals,
    add_shape,
    add_timing_arguments,
)
from mmdet_plus.errors import UserError


@pytest.fixture
def parser():
    parser = ToolParser()
    add_shape(parser, 256, 512)
    add_proposals(parser, 300)
    add_detections(parser)
    add_timing_arguments(parser)
    return parser


def test_defaults(parser):
    args = parser.parse_args([])
    assert (args.shape, args.proposals, args.detections) == ((256, 512), 300, 100)
    assert (args.runs, args.device) == (10, 'cpu')
    assert args.threads >= 1


@pytest.mark.parametrize(
    'flags',
    [
        ['--shape', '0', '64'],
        ['--shape', '64'],
        ['--proposals', '0'],
        ['--detections', '1'],
        ['--runs', '0'],
        ['--threads', '0'],
        ['--device', 'abc'],
    ],
)
def test_values_that_nothing_can_be_measured_with(parser, flags):
    with pytest.raises(UserError, match=f'argument {flags[0]}: '):
        parser.parse_args(flags)


def test_a_tool_without_devices():
    parser = ToolParser()
    add_timing_arguments(parser, has_device=False)
    with pytest.raises(UserError, match='unrecognized arguments: --device cpu'):
        parser.parse_args(['--device', 'cpu'])
