"""The last stages of a ResNet."""

from typing import Any

from mmdet.models.backbones import ResNet
from mmdet.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class ResNetTail(ResNet):
    """``ResNet`` without its stem and first stages, for maps of another ResNet.

    Parameters have the names of ``ResNet``, so that ``init_cfg`` with ``Pretrained``
    takes the same file.

    Args:
        depth: as of ``ResNet``.
        first_stage: how many of the four stages are left out.
        **kwargs: as ``ResNet`` takes them; nothing is frozen.
    """

    res_layers: list[str]

    def __init__(self, depth: int, *, first_stage: int, **kwargs: Any) -> None:
        if not 0 < first_stage <= 4:
            raise ValueError(f'first_stage must be 1 to 4, got {first_stage}')
        super().__init__(depth, frozen_stages=-1, **kwargs)
        stem = ['stem'] if self.deep_stem else ['conv1', self.norm1_name]
        for name in stem + self.res_layers[:first_stage]:
            delattr(self, name)
        self.res_layers = self.res_layers[first_stage:]

    @property
    def stages(self) -> list[nn.Module]:
        """The stages that are there, in order."""
        return [getattr(self, name) for name in self.res_layers]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Outputs of all stages for the map (B, C, H, W) before the first of them."""
        outputs = []
        for stage in self.stages:
            x = stage(x)
            outputs.append(x)
        return tuple(outputs)
