import pytest
import torch
from samples.deform_roi_align import (
    HALF_TYPES,
    ROIS,
    make_inputs,
    pool,
    randn,
    reference,
    with_gradients,
)

from mmdet_plus.ops import DeformRoIAlign

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')


@pytest.mark.parametrize(
    ('place', 'moved_by', 'expected'),
    [
        ((0, 0), (0, 0), 2.5),  # sample at cell (0.5, 0.5) of 4 * y + x
        ((0, 1), (0, 0), 4.5),
        ((1, 0), (0, 0), 10.5),
        ((1, 1), (0, 0), 12.5),
        ((0, 1), (-0.5, 0), 3.5),  # a quarter of 4 cells to the left
        ((1, 0), (0, 0.25), 12.5),  # half a cell down
        ((1, 1), (0.375, 0), 13.0),  # x = 3.25 reads the last column
        ((1, 1), (0.75, 0), 13.0),  # x = 4 is one cell outside: still on the border
        ((1, 1), (0.76, 0), 0.0),  # farther out: nothing
        ((0, 0), (-0.75, 0), 2.0),  # x = -1, likewise
        ((0, 0), (0, -0.76), 0.0),
    ],
)
@pytest.mark.parametrize('function', [pool, reference])
def test_hand_table(function, place, moved_by, expected):
    ramp = torch.arange(16.0).reshape(1, 1, 4, 4)
    offset = torch.zeros(1, 2, 2, 2)
    offset[0, :, place[0], place[1]] = torch.tensor(moved_by)
    names = ('scale', 'ratio', 'gamma')
    if function is pool:
        names = ('spatial_scale', 'sampling_ratio', 'offset_scale')
    settings = dict(zip(names, (0.5, 1, 0.5), strict=True))
    rois = torch.tensor([[0, 0.0, 0, 8, 8]])
    result = function(ramp, rois, offset, output_size=(2, 2), **settings)
    assert result[0, 0][place].item() == pytest.approx(expected)
    others = torch.tensor([[2.5, 4.5], [10.5, 12.5]])
    others[place] = result[0, 0][place]
    torch.testing.assert_close(result[0, 0], others)


@pytest.mark.parametrize('offset_size', [None, 0.0, 1.0, 30.0])
@pytest.mark.parametrize(
    ('size', 'channels', 'ratio'),
    [((3, 4), 3, 2), ((1, 1), 1, 1), ((7, 2), 37, 3), ((2, 3), 3, 0)],
)
def test_equals_reference(size, channels, ratio, offset_size):
    inputs = make_inputs(size, channels, offset_size or 0.0)
    if offset_size is None:
        inputs[2] = None
    ours = with_gradients(pool, *inputs, output_size=size, sampling_ratio=ratio)
    theirs = with_gradients(reference, *inputs, output_size=size, ratio=ratio)
    for mine, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, expected)


def test_scales_are_used():
    input, rois, offset = make_inputs()
    settings = dict(spatial_scale=0.3, sampling_ratio=1, offset_scale=0.7)
    torch.testing.assert_close(
        pool(input, rois, offset, **settings),
        reference(input, rois, offset, (3, 4), 0.3, 1, 0.7),
    )


def test_single_number_is_a_square():
    input, rois, _ = make_inputs()
    result = pool(input, rois, output_size=3)
    assert result.shape == (len(ROIS), 3, 3, 3)
    assert torch.equal(result, pool(input, rois, output_size=(3, 3)))


def test_roi_outside_is_zero():
    input, rois, _ = make_inputs()
    result = pool(input, rois)
    assert result[4].abs().sum() == 0
    assert result[2].abs().sum() > 0


def test_zero_offsets_are_no_offsets():
    input, rois, offset = make_inputs()
    torch.testing.assert_close(pool(input, rois, offset * 0), pool(input, rois))


@pytest.mark.parametrize('ratio', [0, 1, 2])
def test_zero_offsets_equal_roi_align_of_mmcv(ratio):
    input, rois, _ = make_inputs(dtype=torch.float32)
    rois = rois[:-1]  # mmcv refuses swapped corners
    mmcv_ops = pytest.importorskip('mmcv.ops')
    align = mmcv_ops.RoIAlign((3, 4), 0.5, sampling_ratio=ratio, aligned=True)
    ours = with_gradients(pool, input, rois, None, sampling_ratio=ratio)
    theirs = with_gradients(lambda x, rois, _: align(x, rois), input, rois, None)
    torch.testing.assert_close(ours, theirs)


def test_gradcheck():
    input, rois, offset = make_inputs()
    settings = dict(output_size=(2, 1), spatial_scale=0.3)
    leaves = (
        input[:, :1, :6, :7].clone().requires_grad_(),
        offset[..., :2, :1].clone().requires_grad_(),
    )
    assert torch.autograd.gradcheck(lambda x, o: pool(x, rois, o, **settings), leaves)
    assert torch.autograd.gradcheck(lambda x: pool(x, rois, **settings), leaves[:1])


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize('with_offset', [True, False])
def test_dispatcher_contract(dtype, with_offset):
    input, rois, offset = make_inputs(dtype=dtype)
    offset = offset.requires_grad_() if with_offset else None
    arguments = (rois.float(), offset, (3, 4), 0.5, 2, 0.1)
    # bfloat16 gradients are compared by their rounding only with a tolerance
    torch.library.opcheck(
        torch.ops.mmdet_plus.deform_roi_align,
        (input.requires_grad_(), *arguments),
        atol=0.05,
        rtol=0.05,
    )
    torch.library.opcheck(
        torch.ops.mmdet_plus.deform_roi_align_backward,
        (
            randn(len(ROIS), 3, 3, 4, dtype=dtype),
            input.detach(),
            rois.float(),
            offset if offset is None else offset.detach(),
            *arguments[2:],
        ),
    )


@pytest.mark.parametrize('dtype', HALF_TYPES)
def test_half_types_round_only_at_the_end(dtype):
    input, rois, offset = make_inputs(dtype=dtype)
    rois = torch.tensor(ROIS)
    output, to_input, to_offset = with_gradients(pool, input, rois, offset)
    widened = with_gradients(pool, input.float(), rois, offset.float())
    assert output.dtype == to_input.dtype == to_offset.dtype == dtype
    assert torch.equal(output, widened[0].to(dtype))
    # The weights of the sum are rounded to the half type here and not there.
    torch.testing.assert_close(to_input.float(), widened[1], rtol=0.02, atol=0.02)
    torch.testing.assert_close(to_offset.float(), widened[2], rtol=0.02, atol=0.02)


def test_layouts_of_the_arguments_do_not_matter():
    input, rois, offset = make_inputs()
    expected = with_gradients(pool, input, rois, offset)
    turned = input.transpose(2, 3).contiguous().transpose(2, 3)
    wide_rois = torch.cat([rois, rois], 1)[:, :5]
    wide_offset = torch.cat([offset, offset], 3)[..., :4]
    assert not wide_rois.is_contiguous()
    assert not wide_offset.is_contiguous()
    for layout in (turned, input.contiguous(memory_format=torch.channels_last)):
        assert not layout.is_contiguous()
        found = with_gradients(pool, layout, wide_rois, wide_offset)
        for mine, other in zip(found, expected, strict=True):
            assert torch.equal(mine, other)


def test_non_contiguous_gradient():
    input, rois, _ = make_inputs()
    input.requires_grad_()
    (expanded,) = torch.autograd.grad(pool(input, rois).sum(), input)
    (dense,) = torch.autograd.grad(
        pool(input, rois), input, torch.ones(len(ROIS), 3, 3, 4, dtype=input.dtype)
    )
    assert torch.equal(expanded, dense)


def test_results_do_not_depend_on_the_number_of_threads():
    inputs = make_inputs(channels=50, dtype=torch.float32)
    threads = torch.get_num_threads()
    results = []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            results.append(with_gradients(pool, *inputs))
    finally:
        torch.set_num_threads(threads)
    for one, two in zip(*results, strict=True):
        assert torch.equal(one, two)


def test_compiles_without_a_graph_break():
    inputs = make_inputs(dtype=torch.float32)
    compiled = torch.compile(pool, fullgraph=True, backend='aot_eager')
    found, expected = with_gradients(compiled, *inputs), with_gradients(pool, *inputs)
    torch.testing.assert_close(found, expected)


def test_runs_under_inference_mode():
    inputs = make_inputs()
    with torch.inference_mode():
        result = pool(*inputs)
    assert torch.equal(result, pool(*inputs))


def test_module():
    input, rois, offset = make_inputs()
    settings = dict(spatial_scale=0.5, sampling_ratio=3, offset_scale=0.2)
    module = DeformRoIAlign((3, 4), **settings)
    assert torch.equal(module(input, rois, offset), pool(*make_inputs(), **settings))
    assert torch.equal(module(input, rois), pool(input, rois, **settings))
    assert repr(module) == (
        'DeformRoIAlign(output_size=(3, 4), spatial_scale=0.5, sampling_ratio=3, '
        'offset_scale=0.2)'
    )
    assert not module.state_dict()


@needs_cuda
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, *HALF_TYPES])
@pytest.mark.parametrize('with_offset', [True, False])
def test_cuda_equals_cpu(dtype, with_offset):
    input, _, offset = make_inputs(channels=37, dtype=dtype)
    inputs = (input, torch.tensor(ROIS), offset if with_offset else None)
    on_cuda = [x if x is None else x.cuda() for x in inputs]
    found, expected = with_gradients(pool, *on_cuda), with_gradients(pool, *inputs)
    for mine, other in zip(found, expected, strict=True):
        assert mine.is_cuda
        assert mine.dtype == dtype
        tolerance = {} if dtype.itemsize > 2 else dict(rtol=0.02, atol=0.02)
        torch.testing.assert_close(mine.cpu(), other, **tolerance)


@needs_cuda
def test_cuda_without_rois():
    input, rois, offset = (x.cuda() for x in make_inputs())
    output, to_input, _ = with_gradients(pool, input, rois[:0], offset[:0])
    assert output.shape == (0, 3, 3, 4)
    assert to_input.abs().sum() == 0


@needs_cuda
def test_cuda_backward_says_that_it_is_not_deterministic():
    inputs = [x.cuda() for x in make_inputs()]
    torch.use_deterministic_algorithms(True)
    try:
        with pytest.raises(RuntimeError, match='deform_roi_align_backward_cuda'):
            with_gradients(pool, *inputs)
    finally:
        torch.use_deterministic_algorithms(False)


@needs_cuda
def test_devices_must_agree():
    input, rois, offset = make_inputs()
    with pytest.raises(RuntimeError, match='input is on cuda:0, rois are on cpu'):
        pool(input.cuda(), rois)
    with pytest.raises(RuntimeError, match='input is on cpu, rois are on cuda:0'):
        pool(input, rois.cuda())
    with pytest.raises(RuntimeError, match=r'offset must be .* on cuda:0, got .* cpu'):
        pool(input.cuda(), rois.cuda(), offset)
