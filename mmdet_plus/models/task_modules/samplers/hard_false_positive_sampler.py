"""Sampling of the boxes that a classification refiner trains on."""

import torch
from mmdet.registry import TASK_UTILS
from mmengine.structures import InstanceData
from torch import Tensor

from ..box_matching import Matches, label_bboxes

MODES = ('random', 'fp', 'fp_fg', 'fp_bg', 'fp_fg_bg', 'rcnn')


def hard_false_positives(
    scores: Tensor,
    predicted: Tensor,
    matches: Matches,
    score_thr: float,
    iou_thr: float,
) -> Tensor:
    """Which of n boxes the detector classified wrongly, and that matter (sec. 4.5).

    A wrong class (the background is never the predicted one) with a high score, or on
    an object.

    Args:
        scores: best foreground score (n,) in [0, 1].
        predicted: its class (n,).
        matches: of the boxes.
        score_thr: least score that is high.
        iou_thr: least overlap that is on an object.

    Returns:
        (n,) bool.
    """
    wrong = predicted != matches.labels
    return wrong & ((scores >= score_thr) | (matches.ious >= iou_thr))


@TASK_UTILS.register_module()
class HardFalsePositiveSampler:
    """Samples decoded boxes of a detector and ground truth boxes for a refiner.

    DCR (arXiv 1810.04002), sec. 4.5 and 5.2.1, Tables 1a to 1c. Foreground overlaps an
    object by ``iou_thr`` at least, background does not; hard false positives are
    those of :func:`hard_false_positives`. Modes:

    - ``'random'``: any box.
    - ``'fp'``, ``'fp_fg'``, ``'fp_bg'``: uniformly over the union of the named kinds.
    - ``'fp_fg_bg'``: ground truth first, then uniformly over all three kinds.
    - ``'rcnn'``: a quarter foreground, the rest background.

    Too few boxes give fewer samples; an image without a box of the kind gives none.

    Args:
        num: R, samples of an image.
        mode: one of ``MODES``.
        score_thr: from which score a false positive is hard.
        iou_thr: from which overlap a box is foreground.
        fg_fraction: most foreground of mode ``'rcnn'``.
    """

    def __init__(
        self,
        num: int = 32,
        *,
        mode: str = 'fp_fg_bg',
        score_thr: float = 0.3,
        iou_thr: float = 0.5,
        fg_fraction: float = 0.25,
    ) -> None:
        if mode not in MODES:
            raise ValueError(f'mode must be one of {", ".join(MODES)}, got {mode!r}')
        if num < 1:
            raise ValueError(f'num must be at least 1, got {num}')
        self.num = num
        self.mode = mode
        self.score_thr = score_thr
        self.iou_thr = iou_thr
        self.fg_fraction = fg_fraction

    def sample(
        self, candidates: InstanceData, gt_instances: InstanceData, num_classes: int
    ) -> InstanceData:
        """Choose boxes of one image and label them.

        Args:
            candidates: ``bboxes`` (n, 4) xyxy, ``scores`` (n,) of the best foreground
                class, and ``labels`` (n,), that class.
            gt_instances: ``bboxes`` (g, 4) xyxy, same frame, and ``labels`` (g,).
            num_classes: label of the background.

        Returns:
            At most ``num`` boxes: ``bboxes`` (m, 4), ``labels`` (m,) and
            ``gt_bboxes`` (m, 4), that of the background being the box itself.
        """
        gt_bboxes, gt_labels = gt_instances.bboxes, gt_instances.labels
        matches = label_bboxes(
            candidates.bboxes, gt_bboxes, gt_labels, num_classes, self.iou_thr
        )
        hard = hard_false_positives(
            candidates.scores,
            candidates.labels,
            matches,
            self.score_thr,
            self.iou_thr,
        )
        num_gts = len(gt_bboxes)
        targets = candidates.bboxes.clone()
        foreground = matches.labels != num_classes
        targets[foreground] = gt_bboxes[matches.gt_indices[foreground]]
        pool = InstanceData(
            bboxes=torch.cat([gt_bboxes, candidates.bboxes]),
            labels=torch.cat([gt_labels, matches.labels]),
            gt_bboxes=torch.cat([gt_bboxes, targets]),
        )
        # The detector has no opinion of ground truth: it is never a false positive.
        hard = torch.cat([hard.new_zeros(num_gts), hard])
        return pool[self._choose(hard, pool.labels != num_classes, num_gts)]

    def _choose(self, hard: Tensor, foreground: Tensor, num_gts: int) -> Tensor:
        """Indices of the samples; the first ``num_gts`` boxes are ground truth."""
        everything = torch.ones_like(hard)
        if self.mode == 'fp_fg_bg':
            is_gt = torch.arange(len(hard), device=hard.device) < num_gts
            first = _draw(is_gt, self.num)
            return torch.cat([first, _draw(~is_gt, self.num - len(first))])
        if self.mode == 'rcnn':
            first = _draw(foreground, round(self.fg_fraction * self.num))
            return torch.cat([first, _draw(~foreground, self.num - len(first))])
        pools = {
            'random': everything,
            'fp': hard,
            'fp_fg': hard | foreground,
            'fp_bg': hard | ~foreground,
        }
        return _draw(pools[self.mode], self.num)


def _draw(mask: Tensor, count: int) -> Tensor:
    """At most ``count`` indices of true elements, by chance."""
    indices = mask.nonzero()[:, 0]
    return indices[torch.randperm(len(indices), device=mask.device)[:count]]
