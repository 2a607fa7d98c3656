"""RefineDet: refine anchors, transfer features, detect objects."""

import copy
from typing import Any

import torch
from mmdet.models.detectors import SingleStageDetector
from mmdet.models.task_modules.prior_generators import AnchorGenerator
from mmdet.registry import MODELS
from mmdet.structures import OptSampleList, SampleList
from mmdet.utils import ConfigType
from mmengine.structures import InstanceData
from torch import Tensor, nn
from torch.func import functional_call

from ..dense_heads.multibox_layers import check_strides

SIDE = 1024  # of an image that strides are read from


@MODELS.register_module()
class RefineDet(SingleStageDetector):
    """Anchor refinement on the backbone's features, detection on the neck's.

    RefineDet (1711.06897), sec. 3, Fig. 1. Any backbone whose levels have the anchors'
    strides will do.

    Args:
        backbone: see ``SingleStageDetector``.
        neck: usually ``TransferConnection``.
        arm_head: usually ``AnchorRefinementHead``; sees what ``neck`` sees.
        bbox_head: usually ``ObjectDetectionHead``, with the same anchors.
        train_cfg: of both heads; positives are chosen alike (sec. 4).
        train_on_ignored: whether objects that the annotations set apart train like the
            others, as those do in the released models that VOC calls difficult.
        **kwargs: as ``SingleStageDetector`` takes them.

    Raises:
        ValueError: for a list of necks, heads with different anchors, a sigmoid loss,
            or feature levels of other strides; where a backbone cannot be asked for
            sizes alone, from the first image on.
    """

    # Parts whose classes are not those of the data.
    class_agnostic_parts = ('arm_head',)

    def __init__(
        self,
        backbone: ConfigType,
        *,
        neck: ConfigType,
        arm_head: ConfigType,
        bbox_head: ConfigType,
        train_cfg: ConfigType | None = None,
        train_on_ignored: bool = False,
        **kwargs: Any,
    ) -> None:
        if isinstance(neck, list | tuple):
            raise ValueError(
                'RefineDet takes one neck, which sees what arm_head sees; got a list. '
                'Put the others into the backbone'
            )
        # A copy, because SingleStageDetector writes into it.
        head = {**bbox_head}
        super().__init__(backbone, neck, head, train_cfg=train_cfg, **kwargs)
        self.train_on_ignored = train_on_ignored
        self.arm_head = MODELS.build({**arm_head, 'train_cfg': train_cfg})
        if not _same_anchors(
            self.arm_head.prior_generator, self.bbox_head.prior_generator
        ):
            raise ValueError(
                'arm_head and bbox_head must have the same anchor_generator'
            )
        levels = _sizes_of_levels(self.backbone)
        if levels is not None:
            check_strides(self.arm_head.prior_generator, levels, (SIDE, SIDE))

    def loss(
        self, batch_inputs: Tensor, batch_data_samples: SampleList
    ) -> dict[str, Tensor]:
        """Losses of both modules (Eq. 1) of images (B, 3, H, W)."""
        if self.train_on_ignored:
            batch_data_samples = with_ignored_objects(batch_data_samples)
        x = self._levels(batch_inputs)
        losses, refinement = self.arm_head.loss(x, batch_data_samples)
        detection = self.bbox_head.loss(self.neck(x), batch_data_samples, refinement)
        return {**losses, **detection}

    def predict(
        self,
        batch_inputs: Tensor,
        batch_data_samples: SampleList,
        rescale: bool = True,
    ) -> SampleList:
        """Detect objects in images (B, 3, H, W).

        Args:
            batch_inputs: normalised images.
            batch_data_samples: their meta information; results are added to them.
            rescale: whether boxes return in pixels of the original image.
        """
        x = self._levels(batch_inputs)
        results = self.bbox_head.predict(
            self.neck(x),
            batch_data_samples,
            rescale=rescale,
            refinement=self.arm_head.predict(x),
        )
        return self.add_pred_to_datasample(batch_data_samples, results)

    def _forward(
        self, batch_inputs: Tensor, batch_data_samples: OptSampleList = None
    ) -> tuple[list[Tensor], ...]:
        """Raw outputs of both heads, without post-processing."""
        x = self._levels(batch_inputs)
        return *self.arm_head(x), *self.bbox_head(self.neck(x))

    def _levels(self, batch_inputs: Tensor) -> tuple[Tensor, ...]:
        """Feature levels of images (B, 3, H, W), of the strides of the anchors."""
        x = self.backbone(_fast_layout(batch_inputs))
        check_strides(self.arm_head.prior_generator, x, batch_inputs.shape[-2:])
        return x


def _sizes_of_levels(backbone: nn.Module) -> tuple[Tensor, ...] | None:
    """Levels of an image of ``SIDE`` without values, or None if there are none such."""
    state = {**dict(backbone.named_parameters()), **dict(backbone.named_buffers())}
    state = {name: value.to('meta') for name, value in state.items()}
    image = torch.empty(1, 3, SIDE, SIDE, device='meta')
    try:
        with torch.no_grad():
            return tuple(functional_call(backbone, state, (image,)))
    except Exception:  # of any kind: operators without sizes, images of one size only
        return None


def with_ignored_objects(batch_data_samples: SampleList) -> SampleList:
    """The samples with ``ignored_instances`` among their objects.

    Args:
        batch_data_samples: the ground truth; left as it is.
    """
    samples = []
    for sample in batch_data_samples:
        ignored = sample.get('ignored_instances')
        if ignored is not None and len(ignored) > 0:
            sample = copy.copy(sample)
            sample.gt_instances = InstanceData.cat([sample.gt_instances, ignored])
            sample.ignored_instances = ignored[:0]
        samples.append(sample)
    return samples


def _same_anchors(first: AnchorGenerator, second: AnchorGenerator) -> bool:
    return first.strides == second.strides and all(
        map(torch.equal, first.base_anchors, second.base_anchors)
    )


def _fast_layout(batch_inputs: Tensor) -> Tensor:
    """Images in the memory layout in which CPUs convolve fastest; same values."""
    if batch_inputs.device.type != 'cpu':
        return batch_inputs
    return batch_inputs.contiguous(memory_format=torch.channels_last)
