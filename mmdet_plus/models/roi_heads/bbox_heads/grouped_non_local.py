"""The non-local block of the released Double-Head models."""

from mmcv.cnn import ConvModule, NonLocal2d
from mmdet.utils import ConfigType
from mmengine.model import constant_init
from torch import Tensor


class GroupedNonLocal2d(NonLocal2d):
    """Dot-product non-local block (arXiv 1711.07971, sec. 3.2) with groups of channels.

    Affinities of two places are the dot products of their embeddings, in each group,
    divided by the number of places, without a softmax. The result is normalised and
    added, and ReLU follows. Starts as the ReLU of its input.

    Args:
        in_channels: C; embeddings have half as many.
        groups: of the embedding's channels, which it divides.
        norm_cfg: normalisation before the sum.
    """

    def __init__(
        self, in_channels: int, *, groups: int, norm_cfg: ConfigType | None = None
    ) -> None:
        super().__init__(in_channels, mode='dot_product')
        if groups < 1 or self.inter_channels % groups:
            raise ValueError(
                f'groups must divide {self.inter_channels}, half of the channels, got '
                f'{groups}'
            )
        self.groups = groups
        self.conv_out = ConvModule(
            self.inter_channels,
            in_channels,
            1,
            bias=True,
            norm_cfg=norm_cfg or dict(type='BN'),
            act_cfg=None,
        )
        constant_init(self.conv_out.norm, 0)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, C, h, w) to the same shape."""
        values, query, key = (self._by_group(conv(x)) for conv in self._embeddings)
        places = values.shape[-1]
        affinity = query.transpose(2, 3) @ key / places  # (n, groups, places, places)
        mixed = (affinity @ values.transpose(2, 3)).transpose(2, 3)
        mixed = mixed.reshape(len(x), self.inter_channels, *x.shape[2:])
        return (x + self.conv_out(mixed)).relu()

    @property
    def _embeddings(self) -> tuple[ConvModule, ConvModule, ConvModule]:
        return self.g, self.theta, self.phi

    def _by_group(self, feats: Tensor) -> Tensor:
        """(n, C / 2, h, w) as (n, groups, C / 2 / groups, h * w)."""
        return feats.flatten(2).unflatten(1, (self.groups, -1))
