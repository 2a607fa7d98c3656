"""Batch normalisation that a batch of one value per channel does not stop."""

import warnings

from mmdet.utils import ConfigType
from torch import Tensor, nn
from torch.nn.functional import batch_norm
from torch.nn.modules.batchnorm import _BatchNorm


class _OneValueBatchNorm(_BatchNorm):
    """Normalises one value per channel by the running statistics, and keeps those.

    One value has no variance: PyTorch raises "Expected more than 1 value per channel".
    Otherwise, and by the names of its weights, it is PyTorch's layer.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (n, C, ...)."""
        one_value = self.training and input.numel() == input.shape[1]
        if not one_value or self.running_mean is None:
            return super().forward(input)
        warnings.warn(
            'batch norm got one value per channel (an image of one cell, or one RoI, '
            'in a batch of one); such batches are normalised by running statistics',
            stacklevel=2,
        )
        statistics = (self.running_mean, self.running_var)
        return batch_norm(input, *statistics, self.weight, self.bias, eps=self.eps)


class OneValueBatchNorm1d(_OneValueBatchNorm, nn.BatchNorm1d):
    """``BatchNorm1d``, of one value per channel by running statistics."""


class OneValueBatchNorm2d(_OneValueBatchNorm, nn.BatchNorm2d):
    """``BatchNorm2d``, of one value per channel by running statistics."""


KINDS = dict(BN=OneValueBatchNorm2d, BN1d=OneValueBatchNorm1d, BN2d=OneValueBatchNorm2d)


def one_value_norm(norm_cfg: ConfigType | None) -> ConfigType | None:
    """The config with batch norm that takes one value per channel, too.

    Args:
        norm_cfg: as ``build_norm_layer`` takes it; other kinds stay what they are.
    """
    if norm_cfg is None or norm_cfg['type'] not in KINDS:
        return norm_cfg
    return {**norm_cfg, 'type': KINDS[norm_cfg['type']]}
