import itertools
import math

import pytest
import torch
from torch.nn import functional as F

from mmdet_plus.ops import local_importance_pool2d
from mmdet_plus.ops.local_importance_pool2d import local_importance_pool2d_reference

NAN = float('nan')
HALF_TYPES = [torch.float16, torch.bfloat16]
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
# kernel_size, stride, padding
WINDOWS = [
    ((3, 3), (2, 2), (1, 1)),
    ((2, 2), (2, 2), (0, 0)),
    ((1, 1), (1, 1), (0, 0)),
    ((4, 3), (1, 2), (2, 0)),
    ((2, 3), (3, 4), (1, 1)),  # some inputs lie in no window
]


def randn(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def make_inputs(shape=(2, 3, 9, 8), spread=3.0, dtype=torch.float64):
    return randn(*shape, dtype=dtype), (spread * randn(*shape, seed=1)).to(dtype)


def reference(input, logits, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1)):
    return local_importance_pool2d_reference(
        input, logits, kernel_size, stride, padding
    )


pool = local_importance_pool2d
both = pytest.mark.parametrize('function', [pool, reference])


def with_gradients(function, input, logits, *windows, scale=1.0):
    """Output and gradients of a weighted sum of it."""
    leaves = [x.detach().requires_grad_() for x in (input, logits)]
    output = function(*leaves, *windows)
    weights = scale * randn(*output.shape, seed=2).to(output)
    return output.detach(), *torch.autograd.grad((output * weights).sum(), leaves)


def assert_all_close(found, expected, **tolerance):
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, **tolerance)


@both
def test_hand_table(function):
    values = torch.tensor([[1.0, 2, 9], [3, 4, 9]]).reshape(1, 1, 2, 3)
    logits = values.log().requires_grad_()
    values.requires_grad_()
    result = function(values, logits, (2, 2), (2, 2), (0, 0))
    assert result.flatten().tolist() == pytest.approx([(1 + 4 + 9 + 16) / 10])
    result.sum().backward()
    to_values, to_logits = values.grad.flatten(), logits.grad.flatten()
    assert to_values.tolist() == pytest.approx([0.1, 0.2, 0, 0.3, 0.4, 0])
    assert to_logits.tolist() == pytest.approx([-0.2, -0.2, 0, 0, 0.4, 0], abs=1e-6)


def test_defaults_are_those_of_the_paper():
    inputs = make_inputs()
    assert torch.equal(pool(*inputs), pool(*inputs, (3, 3), (2, 2), (1, 1)))
    assert torch.equal(pool(*inputs), pool(*inputs, 3, 2, 1))


@pytest.mark.parametrize('windows', WINDOWS)
@pytest.mark.parametrize('spread', [0.0, 3.0, 50.0])
def test_equals_reference(windows, spread):
    inputs = make_inputs(spread=spread)
    assert_all_close(
        with_gradients(pool, *inputs, *windows),
        with_gradients(reference, *inputs, *windows),
    )


def test_equals_the_formula_of_the_paper():
    input, logits = make_inputs()
    weights = logits.exp()
    expected = F.avg_pool2d(input * weights, 3, 2, 1) / F.avg_pool2d(weights, 3, 2, 1)
    torch.testing.assert_close(pool(input, logits), expected)


@both
def test_equal_logits_give_the_average_without_the_padding(function):
    input, _ = make_inputs()
    expected = F.avg_pool2d(input, 3, 2, 1, count_include_pad=False)
    torch.testing.assert_close(function(input, torch.full_like(input, 7.0)), expected)


def test_equal_inputs_give_themselves():
    _, logits = make_inputs()
    ones = torch.ones_like(logits)
    torch.testing.assert_close(pool(ones, logits), ones[..., ::2, ::2])


@pytest.mark.parametrize('size', [1e3, 1e4])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_huge_logits_stay_finite(size, dtype):
    input, logits = make_inputs(spread=size, dtype=dtype)
    found = with_gradients(pool, input, logits)
    assert all(x.isfinite().all() for x in found)
    assert_all_close(found, with_gradients(reference, input, logits))
    shifted = with_gradients(pool, input, logits.sign() * size)
    assert_all_close(shifted, with_gradients(reference, input, logits.sign() * size))


# The CPU kernel changes its method where the logits of a plane differ by 40.
@pytest.mark.parametrize('spread', [39.9, 40.1, 79.9, 80.1])
@pytest.mark.parametrize('scale', [1.0, 65536.0])  # 65536: a scaled loss
def test_widely_spread_logits(spread, scale):
    input, logits = make_inputs(dtype=torch.float32)
    logits = logits.flatten(2)
    logits -= logits.amin(2, keepdim=True)
    logits *= spread / logits.amax(2, keepdim=True)
    logits[0, 1] = 0  # one plane among them where they are equal
    logits = logits.reshape(input.shape)
    assert logits.max() == pytest.approx(spread)
    assert_all_close(
        with_gradients(pool, input, logits, scale=scale),
        with_gradients(reference, input, logits, scale=scale),
        rtol=1e-4,
        atol=1e-5 * scale,
    )


@pytest.mark.parametrize('largest', [39.9, 79.9, 100.0])
def test_window_of_small_weights_keeps_a_scaled_gradient(largest):
    input, logits = torch.full((1, 1, 4, 4), 1e-3), torch.zeros(1, 1, 4, 4)
    logits[..., 2:, 2:] = largest
    windows = ((2, 2), (2, 2), (0, 0))
    leaves = [x.requires_grad_() for x in (input, logits)]
    output = pool(*leaves, *windows)
    torch.testing.assert_close(
        output, torch.full((1, 1, 2, 2), 1e-3), atol=0, rtol=1e-5
    )
    to_input, _ = torch.autograd.grad(output, leaves, torch.full_like(output, 1e6))
    torch.testing.assert_close(to_input, torch.full((1, 1, 4, 4), 2.5e5))


def test_gradcheck():
    input, logits = make_inputs((1, 2, 5, 4))
    for spread in (1.0, 30.0):
        leaves = (input.requires_grad_(), (spread * logits.detach()).requires_grad_())
        assert torch.autograd.gradcheck(lambda x, y: pool(x, y, 3, 2, 1), leaves)


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
def test_dispatcher_contract(dtype):
    input, logits = make_inputs(dtype=dtype)
    windows = ((3, 3), (2, 2), (1, 1))
    leaves = (input.requires_grad_(), logits.float().requires_grad_())
    torch.library.opcheck(
        torch.ops.mmdet_plus.local_importance_pool2d, (*leaves, *windows)
    )
    output = pool(*leaves).detach()
    torch.library.opcheck(
        torch.ops.mmdet_plus.local_importance_pool2d_backward,
        (output, *(x.detach() for x in leaves), output, *windows),
    )


@pytest.mark.parametrize('dtype', HALF_TYPES)
@pytest.mark.parametrize('logits_type', [torch.float32, None])
def test_half_types_round_only_at_the_end(dtype, logits_type):
    input, logits = make_inputs(dtype=dtype)
    logits = logits.to(logits_type or dtype)
    found = with_gradients(pool, input, logits)
    widened = with_gradients(pool, input.float(), logits.float())
    assert [x.dtype for x in found] == [dtype, dtype, logits.dtype]
    assert torch.equal(found[0], widened[0].to(dtype))
    # The saved output and the weights of the sum are rounded to the half type.
    for mine, other in zip(found[1:], widened[1:], strict=True):
        torch.testing.assert_close(mine.float(), other, rtol=0.02, atol=0.02)


def test_layouts_of_the_arguments_do_not_matter():
    input, logits = make_inputs()
    expected = with_gradients(pool, input, logits)
    turned = input.transpose(2, 3).contiguous().transpose(2, 3)
    channels_last = logits.contiguous(memory_format=torch.channels_last)
    assert not turned.is_contiguous()
    assert not channels_last.is_contiguous()
    found = with_gradients(pool, turned, channels_last)
    for mine, other in zip(found, expected, strict=True):
        assert torch.equal(mine, other)


def test_non_contiguous_gradient():
    leaves = [x.requires_grad_() for x in make_inputs()]
    expanded = torch.autograd.grad(pool(*leaves).sum(), leaves)
    output = pool(*leaves)
    dense = torch.autograd.grad(output, leaves, torch.ones_like(output))
    for mine, other in zip(expanded, dense, strict=True):
        assert torch.equal(mine, other)


@both
@pytest.mark.parametrize('shape', [(0, 3, 9, 8), (2, 0, 9, 8)])
def test_empty(function, shape):
    output, *gradients = with_gradients(function, *make_inputs(shape))
    assert output.shape == (*shape[:2], 5, 4)
    assert all(x.shape == shape for x in gradients)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(input=torch.zeros(3, 4)), r'input must be \(n, C, H, W\), got \[3, 4\]'),
        (dict(logits=torch.zeros(1, 1, 4, 5)), r'\[1, 1, 4, 4\], logits are \[1, 1, 4'),
        (dict(input=torch.zeros(1, 1, 4, 4).int()), 'floating point, got Int and Flo'),
        (dict(kernel_size=0), r'must be positive, got \[0, 0\]'),
        (dict(stride=(1, 0)), r'must be positive, .* and \[1, 0\]'),
        (dict(stride=(1, 2, 3)), r'two numbers, got .*\[1, 2, 3\]'),
        (dict(padding=2), r'padding must be in \[0, kernel_size / 2\], got \[2, 2\]'),
        (dict(padding=-1), r'padding must be in .*, got \[-1, -1\]'),
        (dict(kernel_size=(3, 7)), r'kernel_size \[3, 7\] exceeds the padded input'),
    ],
)
def test_bad_arguments_are_refused(change, message):
    arguments = dict(input=torch.zeros(1, 1, 4, 4), logits=torch.zeros(1, 1, 4, 4))
    with pytest.raises(RuntimeError, match=f'local_importance_pool2d: .*{message}'):
        pool(**arguments | change)


def test_twin_refuses_logits_of_another_shape():
    input, logits = make_inputs()
    with pytest.raises(RuntimeError, match=r'logits are \(1, 3, 9, 8\)'):
        reference(input, logits[:1])


def test_backward_checks_what_it_is_given():
    input, logits = make_inputs()
    output = pool(input, logits)
    backward = torch.ops.mmdet_plus.local_importance_pool2d_backward
    windows = ((3, 3), (2, 2), (1, 1))
    for grad, forward in ((output[:1], output), (output, output[..., :1])):
        with pytest.raises(RuntimeError, match=r'must be \[2, 3, 5, 4\] on cpu, got'):
            backward(grad, input, logits, forward, *windows)


@both
@pytest.mark.parametrize('spread', [3.0, 1e3])
@pytest.mark.parametrize('which', [0, 1])
def test_nan_reaches_its_windows_only(function, which, spread):
    inputs = make_inputs(spread=spread)
    expected = function(*inputs)
    inputs[which][1, 2, 4, 3] = NAN  # of the windows, in row 2 and columns 1 and 2
    result = function(*inputs)
    assert result[1, 2, 2, 1:3].isnan().all()
    result[1, 2, 2, 1:3] = expected[1, 2, 2, 1:3]
    torch.testing.assert_close(result, expected)


@both
def test_nan_in_the_gradient_reaches_its_window_only(function):
    leaves = [x.requires_grad_() for x in make_inputs()]
    output = function(*leaves)
    grad = torch.zeros_like(output)
    grad[1, 2, 2, 1] = NAN
    inside = torch.zeros_like(leaves[0], dtype=torch.bool)
    inside[1, 2, 3:6, 1:4] = True
    for gradient in torch.autograd.grad(output, leaves, grad):
        assert torch.equal(gradient.isnan(), inside)


@pytest.mark.parametrize('windows', WINDOWS)
@pytest.mark.parametrize('value', [NAN, math.inf, -math.inf])
@pytest.mark.parametrize('which', [0, 1])
@pytest.mark.parametrize('spread', [3.0, 50.0])
def test_gradients_of_what_is_not_finite_equal_the_twins(windows, value, which, spread):
    for place in [(0, 0), (4, 3), (8, 7)]:
        inputs = make_inputs(spread=spread)
        inputs[which][(1, 2, *place)] = value
        inputs[which][(0, 1, place[0])] = value  # a row
        found = with_gradients(pool, *inputs, *windows)
        expected = with_gradients(reference, *inputs, *windows)
        assert_all_close(found, expected, equal_nan=True)


def test_inputs_of_no_window_get_no_gradient():
    for which, value in itertools.product([0, 1], [NAN, math.inf]):
        inputs = make_inputs()
        inputs[which][..., 8, :] = inputs[which][..., :, 7] = value
        _, *gradients = with_gradients(pool, *inputs, (2, 3), (2, 4), (0, 0))
        for gradient in gradients:
            assert gradient[..., 8, :].abs().sum() == 0
            assert gradient[..., :, 7].abs().sum() == 0
            assert gradient.isfinite().all()


def test_impossible_window_gives_nan_in_both():
    input, logits = make_inputs()
    logits[0, 0] = -math.inf
    torch.testing.assert_close(
        pool(input, logits), reference(input, logits), equal_nan=True
    )


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_results_do_not_depend_on_the_number_of_threads(dtype):
    inputs = make_inputs((4, 60, 14, 14), dtype=dtype)
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


def test_runs_under_inference_mode():
    inputs = make_inputs((4, 60, 14, 14), dtype=torch.bfloat16)
    with torch.inference_mode():
        result = pool(*inputs)
    assert torch.equal(result, pool(*inputs))


def test_compiles_without_a_graph_break():
    inputs = make_inputs(dtype=torch.float32)
    compiled = torch.compile(pool, fullgraph=True, backend='aot_eager')
    assert_all_close(with_gradients(compiled, *inputs), with_gradients(pool, *inputs))


@needs_cuda
@pytest.mark.parametrize('windows', WINDOWS)
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, *HALF_TYPES])
@pytest.mark.parametrize('logits_type', [torch.float32, None])
def test_cuda_equals_cpu(windows, dtype, logits_type):
    input, logits = make_inputs(spread=30.0, dtype=dtype)
    logits = logits.to(logits_type or dtype)
    found = with_gradients(pool, input.cuda(), logits.cuda(), *windows)
    expected = with_gradients(pool, input, logits, *windows)
    assert [x.dtype for x in found] == [dtype, dtype, logits.dtype]
    tolerance = dict(rtol=1e-4, atol=1e-5)
    if dtype.itemsize == 2:
        tolerance = dict(rtol=0.02, atol=0.02)
    for mine, other in zip(found, expected, strict=True):
        assert mine.is_cuda
        torch.testing.assert_close(mine.cpu(), other, **tolerance)


@needs_cuda
def test_cuda_is_deterministic():
    inputs = [x.cuda() for x in make_inputs((8, 16, 14, 14), dtype=torch.float32)]
    torch.use_deterministic_algorithms(True)
    try:
        first, second = (with_gradients(pool, *inputs) for _ in range(2))
    finally:
        torch.use_deterministic_algorithms(False)
    for one, two in zip(first, second, strict=True):
        assert torch.equal(one, two)


@needs_cuda
def test_devices_must_agree():
    input, logits = make_inputs()
    with pytest.raises(RuntimeError, match='input is on cuda:0, logits are on cpu'):
        pool(input.cuda(), logits)
    with pytest.raises(RuntimeError, match='input is on cpu, logits are on cuda:0'):
        pool(input, logits.cuda())
