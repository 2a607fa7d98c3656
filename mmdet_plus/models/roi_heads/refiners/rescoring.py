"""What becomes of boxes whose scores were given a second time."""

import torch
from mmdet.structures.bbox import scale_boxes
from mmdet.utils import ConfigType, InstanceList
from mmengine.structures import InstanceData
from torch import Tensor

from ...task_modules.bbox_geometry import unscale_bboxes
from ...task_modules.duplicate_suppression import best_of_classes
from ..score_fusion import fuse_refined
from .box_refiner import BoxRefiner, RefinedBoxes, RefinerInputs

FIRST_ROUND = 128  # boxes of an image that are refined at once; then twice as many
NEVER = float('-inf')  # the score of a box that is no detection


def top_class_boxes(bboxes: Tensor, scores: Tensor) -> InstanceData:
    """The box of the best foreground class of each of n candidates.

    Args:
        bboxes: (n, 4), or (n, C * 4) with a box for each class, xyxy.
        scores: (n, C + 1), the background last.

    Returns:
        ``bboxes`` (n, 4), ``scores`` (n,) and ``labels`` (n,).
    """
    best, labels = scores[:, :-1].max(dim=1)
    if bboxes.shape[1] > 4:
        rows = torch.arange(len(bboxes), device=bboxes.device)
        bboxes = bboxes.view(len(bboxes), -1, 4)[rows, labels]
    return InstanceData(bboxes=bboxes, scores=best, labels=labels)


def rescore_candidates(
    refiner: BoxRefiner,
    inputs: RefinerInputs,
    candidates: InstanceList,
    batch_img_metas: list[dict],
    test_cfg: ConfigType,
    rescale: bool,
) -> InstanceList:
    """Fuse full class vectors, then suppress duplicates (sec. 4.2).

    Boxes that cannot become detections, whatever the refiner says, are not refined.

    Args:
        refiner: gives the second class vectors, of the box of the best class.
        inputs: of the batch.
        candidates: of each image ``bboxes`` (n, 4) or (n, C * 4) xyxy in pixels of the
            network input and ``scores`` (n, C + 1), before suppression.
        batch_img_metas: with ``img_shape`` and, for ``rescale``, ``scale_factor``.
        test_cfg: ``score_thr``, ``nms`` and ``max_per_img``.
        rescale: whether boxes return in pixels of the original image.

    Returns:
        ``bboxes`` (k, 4), ``scores`` (k,) and ``labels`` (k,) of each image.
    """
    images = [
        _ImageInRounds(refiner, own, meta, test_cfg, rescale)
        for own, meta in zip(candidates, batch_img_metas, strict=True)
    ]
    size = FIRST_ROUND
    while any(len(own.waiting) for own in images):
        found = refiner.refine(
            inputs,
            [own.tops.bboxes for own in images],
            [own.tops.scores for own in images],
            [own.waiting[:size] for own in images],
        )
        for own, refined in zip(images, found, strict=True):
            own.take(refined)
        size *= 2
    return [own.detections() for own in images]


class _ImageInRounds:
    """Candidates of an image that are refined in rounds, the best first.

    As soon as there are ``max_per_img`` detections with higher scores than the boxes
    that wait can get, these need no look: a box suppresses only those with lower
    scores, so that the detections are the same as if all boxes were refined.
    """

    def __init__(
        self,
        refiner: BoxRefiner,
        candidates: InstanceData,
        img_meta: dict,
        test_cfg: ConfigType,
        rescale: bool,
    ) -> None:
        self.refiner = refiner
        self.img_meta = img_meta
        self.test_cfg = test_cfg
        self.rescale = rescale
        self.tops = top_class_boxes(candidates.bboxes, candidates.scores)
        chosen = refiner.choose(self.tops.scores, test_cfg.score_thr)
        best_first = self.tops.scores[chosen].argsort(descending=True, stable=True)
        self.waiting = chosen[best_first]
        self.bboxes = candidates.bboxes
        self.base_scores = candidates.scores
        self.scores = candidates.scores.clone()
        self.scores[chosen] = NEVER
        self._found: InstanceData | None = None

    def take(self, refined: RefinedBoxes) -> None:
        """Fuse the scores of the first that wait, and see whether the others matter."""
        chosen = refined.indices
        if len(chosen) == 0:
            return
        self._found = None
        self.waiting = self.waiting[len(chosen) :]
        self.scores[chosen] = fuse_refined(
            self.base_scores[chosen], refined.probs, self.refiner.fusion
        )
        shape = self.img_meta['img_shape']
        self.bboxes = _moved(self.refiner, self.bboxes, refined, shape)
        if len(self.waiting) and self._is_settled():
            self.waiting = self.waiting[:0]

    def _is_settled(self) -> bool:
        if self.test_cfg.max_per_img < 0:
            return False
        scores = self.detections().scores
        full = len(scores) == self.test_cfg.max_per_img
        most = self.refiner.most(self.tops.scores[self.waiting[0]])
        return full and bool(scores.min() > most)

    def detections(self) -> InstanceData:
        """What is left after the suppression of duplicates."""
        if self._found is None:
            bboxes = self.bboxes
            if self.rescale:
                bboxes = unscale_bboxes(bboxes, self.img_meta['scale_factor'])
            self._found = best_of_classes(bboxes, self.scores, self.test_cfg)
        return self._found


def rescore_detections(
    refiner: BoxRefiner,
    inputs: RefinerInputs,
    detections: InstanceList,
    batch_img_metas: list[dict],
    rescaled: bool,
) -> InstanceList:
    """Fuse the scores of final detections with the refiner's for the same class.

    Args:
        refiner: gives the second scores.
        inputs: of the batch.
        detections: of each image ``bboxes`` (n, 4) xyxy, ``scores`` (n,) and ``labels``
            (n,); ``mask_scores``, if they have them, change by the same factor as the
            scores; what else they have stays.
        batch_img_metas: with ``img_shape`` and, if ``rescaled``, ``scale_factor``.
        rescaled: whether boxes are in pixels of the original image.

    Returns:
        As many detections, new objects, in the order of their new scores.
    """
    factors = [
        list(meta['scale_factor']) if rescaled else [1.0, 1.0]
        for meta in batch_img_metas
    ]
    pairs = zip(detections, factors, strict=True)
    bboxes = [scale_boxes(own.bboxes, factor) for own, factor in pairs]
    refined_boxes = refiner.refine(inputs, bboxes, [own.scores for own in detections])
    results = []
    for i, own in enumerate(detections):
        chosen = refined_boxes[i].indices
        probs = refined_boxes[i].probs.gather(1, own.labels[chosen][:, None])[:, 0]
        result = own.clone()
        scores = own.scores.clone()
        scores[chosen] = fuse_refined(own.scores[chosen], probs, refiner.fusion).to(
            scores
        )
        result.scores = scores
        if 'mask_scores' in result:
            # What rates the mask alone is in it, in one way or another.
            tiny = torch.finfo(scores.dtype).tiny
            result.mask_scores = own.mask_scores * (scores / own.scores.clamp(min=tiny))
        if refined_boxes[i].bbox_deltas is not None:
            shape = batch_img_metas[i]['img_shape']
            moved = _moved(refiner, bboxes[i], refined_boxes[i], shape)
            result.bboxes = unscale_bboxes(moved, factors[i])
        results.append(result[scores.argsort(descending=True, stable=True)])
    return results


def _moved(
    refiner: BoxRefiner, bboxes: Tensor, refined: RefinedBoxes, img_shape: tuple
) -> Tensor:
    """Boxes (n, K * 4), the refined ones moved by the box branch, if there is one."""
    if refined.bbox_deltas is None or len(refined.indices) == 0:
        return bboxes
    chosen = bboxes[refined.indices]
    per_box = chosen.shape[1] // 4
    decoded = refiner.bbox_coder.decode(
        chosen.view(-1, 4),
        refined.bbox_deltas.repeat_interleave(per_box, dim=0),
        max_shape=img_shape,
    )
    moved = bboxes.clone()
    moved[refined.indices] = decoded.view(len(chosen), -1)
    return moved
