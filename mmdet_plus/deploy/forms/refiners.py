"""Forms of DCR's refiners: boxes scored a second time."""

from typing import Any

import torch
from torch import Tensor, nn

from ...models.roi_heads.refiners import BoxRefiner, CropRefiner, RegionRefiner
from ...models.roi_heads.refiners.crop_refiner import crop_and_resize
from ...models.roi_heads.score_fusion import fuse_refined
from .anchors import clipped
from .batch import Batch
from .packing import Detections, packing_of
from .registry import form_of, make_form
from .standard_roi_head import Candidates
from .suppression import suppress_again

Stages = tuple[Tensor, ...]


class RefinerForm(nn.Module):
    """Chooses boxes, classifies them, fuses scores; derived ones give features."""

    def __init__(self, refiner: BoxRefiner, key: str) -> None:
        super().__init__()
        self.top_p = refiner.top_p
        self.fusion = refiner.fusion
        self.coder = refiner.bbox_coder
        self.fc_cls = refiner.fc_cls
        self.fc_reg = refiner.fc_reg if refiner.with_reg else None

    def vectors(self, batch: Batch, stages: Stages, rois: Tensor) -> Tensor:
        """Feature vectors (n, C) of RoIs (n, 5)."""
        raise NotImplementedError

    def candidates(
        self, found: Candidates, valid: Tensor, batch: Batch, stages: Stages
    ) -> Candidates:
        """Candidates of the network input with refined scores of all classes.

        Args:
            found: before suppression.
            valid: (B, P) which of them are there.
            batch: the images.
            stages: outputs of the backbone.
        """
        best, labels = found.scores[..., :-1].max(dim=2)
        bboxes = found.bboxes
        if bboxes.dim() == 4:
            index = labels[..., None, None].expand(-1, -1, 1, 4)
            bboxes = bboxes.gather(2, index).squeeze(2)
        chosen = self._top(best, valid)
        packing = packing_of(chosen)
        probs, deltas = self._refine(batch, stages, packing.rois(packing.pack(bboxes)))
        fused = fuse_refined(found.scores, packing.unpack(probs), self.fusion)
        scores = torch.where(chosen[..., None], fused, found.scores)
        moved = found.bboxes
        if deltas is not None:
            unpacked = packing.unpack(deltas)
            if moved.dim() == 4:
                unpacked = unpacked[:, :, None].expand_as(moved)
                chosen = chosen[..., None]
            decoded = self._decoded(moved, unpacked, batch)
            moved = torch.where(chosen[..., None], decoded, moved)
        return Candidates(moved, scores)

    def detections(
        self, found: Detections, bboxes: Tensor, batch: Batch, stages: Stages
    ) -> tuple[Detections, Tensor]:
        """Detections with refined scores, and boxes of the network input.

        Args:
            found: after suppression.
            bboxes: (B, K, 4) of ``found``, of the network input.
            batch: the images.
            stages: outputs of the backbone.

        Returns:
            Detections in their order, boxes as they were; the boxes, moved.
        """
        chosen = self._top(found.scores, found.valid)
        packing = packing_of(chosen)
        probs, deltas = self._refine(batch, stages, packing.rois(packing.pack(bboxes)))
        own = packing.unpack(probs).gather(2, found.labels[..., None]).squeeze(2)
        fused = fuse_refined(found.scores, own, self.fusion)
        scores = torch.where(chosen, fused, found.scores)
        if deltas is not None:
            decoded = self._decoded(bboxes, packing.unpack(deltas), batch)
            bboxes = torch.where(chosen[..., None], decoded, bboxes)
        return found._replace(scores=scores), bboxes

    def _refine(
        self, batch: Batch, stages: Stages, rois: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        vectors = self.vectors(batch, stages, rois)
        deltas = None if self.fc_reg is None else self.fc_reg(vectors).float()
        return self.fc_cls(vectors).float().softmax(dim=1), deltas

    def _top(self, scores: Tensor, valid: Tensor) -> Tensor:
        """Which of (B, N) are among the fraction ``top_p`` with the best scores."""
        if self.top_p == 1:
            return valid
        present = torch.where(valid, scores, -1.0)
        order = present.sort(dim=1, descending=True, stable=True).indices
        ranks = order.argsort(dim=1)
        # Rounded first: 0.07 * 100 is 7.000000000000001.
        parts = (valid.sum(dim=1).double() * self.top_p * 1e6).round() / 1e6
        return valid & (ranks < parts.ceil()[:, None])

    def _decoded(self, bboxes: Tensor, deltas: Tensor, batch: Batch) -> Tensor:
        flat = self.coder.decode(bboxes.reshape(-1, 4), deltas.reshape(-1, 4))
        return clipped(self.coder, flat.view(bboxes.shape), batch)


@form_of(RegionRefiner, 'image_feats', 'box_feats', 'predict', 'refine')
class RegionRefinerForm(RefinerForm):
    """DCR V2: regions of an early map of the backbone."""

    def __init__(self, refiner: RegionRefiner, key: str) -> None:
        super().__init__(refiner, key)
        self.extractor = make_form(refiner.roi_extractor, f'{key}.roi_layer')
        self.shared = refiner.num_shared_stages
        stages: list[Any] = refiner.tail.stages
        count = refiner.num_image_stages
        self.image_stages = nn.Sequential(*stages[:count])
        self.region_stages = nn.Sequential(*stages[count:])

    def vectors(self, batch: Batch, stages: Stages, rois: Tensor) -> Tensor:
        image_feats = self.image_stages(stages[self.shared - 1])
        regions = self.extractor((image_feats,), rois)
        return self.region_stages(regions).mean(dim=(2, 3))


@form_of(CropRefiner, 'image_feats', 'box_feats', 'predict', 'refine')
class CropRefinerForm(RefinerForm):
    """DCR V1: crops of the image."""

    def __init__(self, refiner: CropRefiner, key: str) -> None:
        super().__init__(refiner, key)
        self.backbone = refiner.backbone
        self.crop_size = refiner.crop_size
        self.image_norm_change = refiner.image_norm_change

    def vectors(self, batch: Batch, stages: Stages, rois: Tensor) -> Tensor:
        images = self.image_norm_change(batch.images)
        crops = crop_and_resize(images, rois, self.crop_size)
        return self.backbone(crops)[-1].mean(dim=(2, 3))


def in_order(found: Detections) -> Detections:
    """Detections by falling score."""
    return suppress_again(found, None)
