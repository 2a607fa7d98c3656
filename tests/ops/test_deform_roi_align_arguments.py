"""What deformable RoIAlign makes of no, wrong and broken arguments."""

import pytest
import torch
from samples.deform_roi_align import (
    INF,
    NAN,
    ROIS,
    make_inputs,
    pool,
    randn,
    reference,
    with_gradients,
)


@pytest.mark.parametrize('function', [pool, reference])
def test_no_rois(function):
    input, rois, offset = make_inputs()
    results = with_gradients(function, input, rois[:0], offset[:0], output_size=(3, 4))
    assert results[0].shape == (0, 3, 3, 4)
    assert torch.equal(results[1], torch.zeros_like(input))
    assert results[2].shape == (0, 2, 3, 4)
    no_images = function(input[:0], rois[:0], offset[:0], output_size=(3, 4))
    assert no_images.shape == (0, 3, 3, 4)


def test_image_without_rois():
    input, rois, offset = make_inputs()
    rois[:, 0] = 1
    ours = with_gradients(pool, input, rois, offset, output_size=(3, 4))
    theirs = with_gradients(reference, input, rois, offset, output_size=(3, 4))
    torch.testing.assert_close(ours, theirs)
    assert ours[1][0].abs().sum() == 0


@pytest.mark.parametrize('function', [pool, reference])
@pytest.mark.parametrize('index', [-1, -0.5, 2, NAN])
def test_bad_batch_index_is_refused(function, index):
    input, rois, offset = make_inputs()
    rois[3, 0] = index
    with pytest.raises(RuntimeError, match=r'a batch index lies outside \[0, 2\)'):
        function(input, rois, offset, output_size=(3, 4))


def test_backward_checks_what_it_is_given():
    input, rois, offset = make_inputs()
    backward = torch.ops.mmdet_plus.deform_roi_align_backward
    settings = ((3, 4), 0.5, 2, 0.1)
    grad = randn(len(ROIS), 3, 3, 4)
    with pytest.raises(RuntimeError, match=r'gradient must be \[7, 3, 3, 4\]'):
        backward(grad[:-1], input, rois, offset, *settings)
    rois[0, 0] = 2
    with pytest.raises(RuntimeError, match='batch index lies outside'):
        backward(grad, input, rois, offset, *settings)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(input=torch.zeros(3, 4, 5)), r'input must be \(B, C, H, W\), got \[3, 4'),
        (dict(input=torch.zeros(1, 0, 4, 5)), r'input is empty: \[1, 0, 4, 5\]'),
        (dict(input=torch.zeros(1, 1, 4, 4).int()), 'floating point, got Int and Fl'),
        (dict(rois=torch.zeros(2, 4)), r'rois must be \(n, 5\), got \[2, 4\]'),
        (dict(rois=torch.zeros(2, 5).long()), 'floating point, got Float and Long'),
        (dict(offset=torch.zeros(2, 2, 1, 1)), r'offset must be \[2, 2, 3, 4\], got'),
        (dict(offset=torch.zeros(2, 2, 3, 4).int()), 'offset must be floating point'),
        (dict(output_size=(3, 0)), r'output_size must be two positive .* \[3, 0\]'),
        (dict(output_size=(3, 4, 5)), 'output_size must be two positive numbers'),
        (dict(sampling_ratio=-1), 'sampling_ratio must not be negative, got -1'),
    ],
)
def test_bad_arguments_are_refused(change, message):
    arguments = dict(input=torch.zeros(1, 1, 4, 5), rois=torch.zeros(2, 5)) | change
    with pytest.raises(RuntimeError, match=f'deform_roi_align: .*{message}'):
        pool(**arguments)


def test_twin_refuses_offsets_of_another_size():
    input, rois, _ = make_inputs()
    with pytest.raises(RuntimeError, match=r'offset must be \(7, 2, 3, 4\), got'):
        reference(input, rois, randn(7, 2, 1, 1), (3, 4), ratio=1)


@pytest.mark.parametrize('function', [pool, reference])
@pytest.mark.parametrize('column', [1, 2, 3, 4])
@pytest.mark.parametrize('other', [1.0, 1e6])
def test_nan_in_a_roi_reaches_that_roi_only(function, column, other):
    input, rois, offset = make_inputs()
    expected = function(input, rois, offset, output_size=(3, 4))
    rois[1, 1:] = other  # also when the other coordinates lie far outside
    rois[1, column] = NAN
    result = function(input, rois, offset, output_size=(3, 4))
    assert result[1].isnan().all()
    keep = torch.arange(len(ROIS)) != 1
    assert torch.equal(result[keep], expected[keep])


@pytest.mark.parametrize('function', [pool, reference])
def test_nan_in_an_offset_reaches_its_bin_only(function):
    input, rois, offset = make_inputs()
    expected = function(input, rois, offset, output_size=(3, 4))
    offset[2, 1, 0, 3] = NAN
    result = function(input, rois, offset, output_size=(3, 4))
    assert result[2, :, 0, 3].isnan().all()
    result[2, :, 0, 3] = expected[2, :, 0, 3]
    assert torch.equal(result, expected)


def both_ways(*inputs, ratio=2):
    """Output and gradients of the op and of its twin, which must be equal."""
    settings = dict(output_size=(3, 4))
    ours = with_gradients(pool, *inputs, **settings, sampling_ratio=ratio)
    theirs = with_gradients(reference, *inputs, **settings, ratio=ratio)
    for mine, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, expected, equal_nan=True)
    return ours


@pytest.mark.parametrize('value', [NAN, INF, -INF])
@pytest.mark.parametrize('column', [1, 2, 3, 4])
@pytest.mark.parametrize('ratio', [0, 2])
@pytest.mark.parametrize('with_offset', [True, False])
def test_a_roi_that_is_not_finite_sends_no_gradient(value, column, ratio, with_offset):
    input, rois, offset = make_inputs()
    offset[1, :, 0, 0] = 0  # times infinity is NaN
    offset = offset if with_offset else None
    rois[1, column] = value
    broken, to_input, *to_offset = both_ways(input, rois, offset, ratio=ratio)
    assert ((broken[1] == 0) | broken[1].isnan()).all()
    weights = randn(*broken.shape, seed=2)
    keep = torch.arange(len(ROIS)) != 1
    input.requires_grad_()
    others = pool(
        input, rois[keep], offset[keep] if with_offset else None, sampling_ratio=ratio
    )
    (expected,) = torch.autograd.grad((others * weights[keep]).sum(), input)
    torch.testing.assert_close(to_input, expected)
    for gradient in to_offset:
        assert gradient[1].abs().sum() == 0
        assert gradient[keep].isfinite().all()


@pytest.mark.parametrize('value', [NAN, INF, -INF])
@pytest.mark.parametrize('axis', [0, 1])
def test_an_offset_that_is_not_finite_sends_no_gradient(value, axis):
    input, rois, offset = make_inputs()
    offset[0, axis, 1, 1] = value
    _, to_input, to_offset = both_ways(input, rois, offset)
    offset[0, axis, 1, 1] = 1e6  # beyond the map
    _, expected, rest = both_ways(input, rois, offset)
    torch.testing.assert_close(to_input, expected)
    torch.testing.assert_close(to_offset, rest)
    assert to_offset[0, :, 1, 1].abs().sum() == 0
    assert to_offset[0].abs().sum() > 0


@pytest.mark.parametrize('place', [(0, 0), (4, 5)])
def test_nan_on_the_map_is_where_it_is_read(place):
    input, rois, _ = make_inputs()
    offset = randn(len(ROIS), 2, 3, 4, seed=3)  # leaves most samples on the map
    input[1, 2][place] = NAN
    output, to_input, to_offset = both_ways(input, rois, offset)
    assert output[:, 2].isnan().any()
    assert output[:, :2].isfinite().all()
    assert torch.equal(to_offset.isnan().all(1), output[:, 2].isnan())
    assert to_input.isfinite().all()


@pytest.mark.parametrize('column', [1, 2, 3, 4])
@pytest.mark.parametrize('value', [-1e30, 1e30, 1e300])
def test_rois_of_absurd_size_end_in_time(column, value):
    input, rois, offset = make_inputs()
    rois[1, column] = value
    output, *_ = both_ways(input, rois, offset, ratio=0)
    assert output.isfinite().all()


def test_samples_of_a_large_roi_have_a_limit():
    input = randn(1, 1, 4, 4)
    rois = torch.tensor([[0, 0, 0, 1e5, 4]], dtype=torch.float64)
    settings = dict(spatial_scale=1.0, output_size=1)
    found = pool(input, rois, sampling_ratio=0, **settings)
    # Of 256 samples along x the first lies at 1e5 / 512, beyond the map.
    assert found.item() == 0
    rois[0, 3] = 8 * 256  # samples at 4, 12, ...
    rois[0, 4] = 1
    found = pool(input, rois, sampling_ratio=0, **settings)
    assert found.item() == pytest.approx(input[0, 0, 0, 3].item() / 256)


@pytest.mark.parametrize('function', [pool, reference])
@pytest.mark.parametrize('value', [INF, -INF, 1e30])
def test_huge_offset_leaves_the_map(function, value):
    input, rois, offset = make_inputs()
    offset[0, 0, 1, 1] = value
    assert function(input, rois, offset, output_size=(3, 4))[0, :, 1, 1].tolist() == (
        [0.0] * 3
    )


@pytest.mark.parametrize('index', [2 - 1e-9, 2 - 1e-12])
def test_a_batch_index_that_is_rounded_up_is_refused(index):
    input = randn(2, 1, 4, 4).float().requires_grad_()
    rois = torch.tensor([[index, 0, 0, 4, 4]], dtype=torch.float64)
    with pytest.raises(RuntimeError, match=r'batch index lies outside \[0, 2\)'):
        pool(input, rois)
    with pytest.raises(RuntimeError, match=r'batch index lies outside \[0, 2\)'):
        reference(input, rois, None, output_size=(3, 4))
