"""Local importance-based pooling: exp-weighted averages, arXiv:1908.04156, sec. 3."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.modules.utils import _pair

from .compiled import has_kernel, is_compiled


def local_importance_pool2d(
    input: Tensor,
    logits: Tensor,
    kernel_size: int | tuple[int, int] = 3,
    stride: int | tuple[int, int] = 2,
    padding: int | tuple[int, int] = 1,
) -> Tensor:
    """Average ``input`` over windows with weights ``exp(logits)``.

    Equals ``avg_pool2d(input * exp(logits)) / avg_pool2d(exp(logits))`` with padding
    left out of both, for finite logits of any size.

    Args:
        input: (n, C, H, W), any floating dtype; half types are accumulated in float32.
        logits: like ``input``, of any floating dtype.
        kernel_size: (h, w) of the windows, or one number for both; ``stride`` and
            ``padding`` likewise. ``padding`` is at most half of ``kernel_size``.

    Returns:
        (n, C, (H + 2 * padding - kernel_size) // stride + 1, same for W), of the dtype
        of ``input``. Differentiable in ``input`` and ``logits``.

    Raises:
        RuntimeError: wrong shape, dtype or device, or windows that do not fit.
    """
    pool = local_importance_pool2d_reference
    if has_kernel('local_importance_pool2d', input.device.type):
        pool = torch.ops.mmdet_plus.local_importance_pool2d
    return pool(input, logits, _pair(kernel_size), _pair(stride), _pair(padding))


def local_importance_pool2d_reference(
    input: Tensor,
    logits: Tensor,
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
) -> Tensor:
    """Plain PyTorch twin of :func:`local_importance_pool2d`."""
    if input.shape != logits.shape:
        raise RuntimeError(
            f'local_importance_pool2d: input is {tuple(input.shape)}, '
            f'logits are {tuple(logits.shape)}'
        )
    dtype = torch.float64 if input.dtype == torch.float64 else torch.float32
    pads = (padding[1], padding[1], padding[0], padding[0])
    values = _windows(F.pad(input.to(dtype), pads), kernel_size, stride)
    scores = F.pad(logits.to(dtype), pads, value=float('-inf'))
    weights = _windows(scores, kernel_size, stride).softmax(-1)
    return (values * weights).sum(-1).to(input.dtype)


def _windows(plane: Tensor, size: tuple[int, int], stride: tuple[int, int]) -> Tensor:
    """Windows of (n, C, H, W) as (n, C, rows, columns, size[0] * size[1])."""
    return plane.unfold(2, size[0], stride[0]).unfold(3, size[1], stride[1]).flatten(4)


def _fake(
    input: Tensor,
    logits: Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
) -> Tensor:
    height, width = (
        (input.shape[2 + i] + 2 * padding[i] - kernel_size[i]) // stride[i] + 1
        for i in range(2)
    )
    return input.new_empty(*input.shape[:2], height, width)


def _fake_backward(
    grad: Tensor, input: Tensor, logits: Tensor, output: Tensor, *windows: object
) -> tuple[Tensor, Tensor]:
    return input.new_empty(input.shape), logits.new_empty(logits.shape)


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    input, logits, *ctx.windows = inputs
    ctx.save_for_backward(input, logits, output)


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    gradients = torch.ops.mmdet_plus.local_importance_pool2d_backward(
        grad, *ctx.saved_tensors, *ctx.windows
    )
    return *gradients, None, None, None


if is_compiled():
    torch.library.register_fake('mmdet_plus::local_importance_pool2d', _fake)
    torch.library.register_fake(
        'mmdet_plus::local_importance_pool2d_backward', _fake_backward
    )
    torch.library.register_autograd(
        'mmdet_plus::local_importance_pool2d', _backward, setup_context=_setup_context
    )
