"""The interface of everything that scores a detector's boxes a second time."""

from abc import ABCMeta, abstractmethod
from typing import Any, NamedTuple

import torch
from mmdet.registry import MODELS, TASK_UTILS
from mmdet.structures.bbox import bbox2roi
from mmdet.utils import ConfigType, InstanceList
from mmengine.model import BaseDataPreprocessor, BaseModule
from torch import Tensor, nn

from ..score_fusion import REFINER_FUSIONS, check_fusion, fuse_refined
from .top_sampling import check_top_p, top_indices


class RefinerInputs(NamedTuple):
    """What a refiner may look at, of a batch of B images."""

    images: Tensor
    """(B, 3, H, W) normalised, padded."""
    stages: tuple[Tensor, ...] = ()
    """(B, C_i, H_i, W_i), outputs of the backbone's stages 1, 2, ...; empty where the
    detector's backbone is not to be shared."""


class RefinerOutputs(NamedTuple):
    """Of n boxes."""

    cls_logits: Tensor
    """(n, num_classes + 1), the background last."""
    bbox_deltas: Tensor | None
    """(n, 4) for the refiner's coder; None without box branch."""


class RefinedBoxes(NamedTuple):
    """Of one image with n boxes, of which k were refined."""

    indices: Tensor
    """(k,) of the refined boxes."""
    probs: Tensor
    """(k, num_classes + 1), the background last."""
    bbox_deltas: Tensor | None
    """(k, 4) for the refiner's coder; None without box branch."""


class RefinerTargets(NamedTuple):
    """Of m boxes of a batch."""

    rois: Tensor
    """(m, 5) batch index, x1, y1, x2, y2."""
    labels: Tensor
    """(m,), the background being ``num_classes``."""
    bbox_targets: Tensor
    """(m, 4) deltas to the object; meaningless for the background."""


class BoxRefiner(BaseModule, metaclass=ABCMeta):
    """Classifies boxes of a detector again, with features of its own.

    DCR (arXiv 1810.04002), sec. 4. Subclasses say where features come from; sampling,
    loss, and the choice of the boxes at test time are the same for all.

    Args:
        in_channels: of the feature vector of a box.
        num_classes: without background.
        sampler: chooses the boxes to train on; ``HardFalsePositiveSampler`` by default.
        fusion: how scores become one, see ``score_fusion.fuse_refined``.
        top_p: fraction of the boxes of an image that is refined (sec. 4.3).
        chunk_size: boxes at once at test time; None for all.
        with_reg: whether to localise too (Table 3c). The deltas are for all classes.
        bbox_coder: of the box branch.
        loss_cls: of the classes.
        loss_bbox: of the box branch.
        init_cfg: see ``BaseModule``; normal weights for the last layers by default.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_classes: int,
        sampler: ConfigType | None = None,
        fusion: str = 'multiply',
        top_p: float = 1.0,
        chunk_size: int | None = None,
        with_reg: bool = False,
        bbox_coder: ConfigType | None = None,
        loss_cls: ConfigType | None = None,
        loss_bbox: ConfigType | None = None,
        init_cfg: Any = None,
    ) -> None:
        layers = {'fc_cls': 0.01, 'fc_reg': 0.001} if with_reg else {'fc_cls': 0.01}
        super().__init__(
            init_cfg
            or [
                dict(type='Normal', std=std, override=dict(name=name))
                for name, std in layers.items()
            ]
        )
        check_fusion(fusion, REFINER_FUSIONS)
        check_top_p(top_p)
        if chunk_size is not None and chunk_size < 1:
            raise ValueError(f'chunk_size must be at least 1, got {chunk_size}')
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.fusion = fusion
        self.top_p = top_p
        self.chunk_size = chunk_size
        self.with_reg = with_reg
        self.sampler = TASK_UTILS.build(
            sampler or dict(type='HardFalsePositiveSampler')
        )
        self.bbox_coder = TASK_UTILS.build(
            bbox_coder
            or dict(type='ClampedDeltaXYWHBBoxCoder', target_stds=(0.1, 0.1, 0.2, 0.2))
        )
        self.loss_cls = MODELS.build(loss_cls or dict(type='CrossEntropyLoss'))
        self.fc_cls = nn.Linear(in_channels, num_classes + 1)
        if with_reg:
            self.loss_bbox = MODELS.build(loss_bbox or dict(type='SmoothL1Loss'))
            self.fc_reg = nn.Linear(in_channels, 4)

    def check_backbone(self, backbone: nn.Module | None) -> None:
        """Raise ``ValueError`` if a refiner cannot look at a detector's stages.

        Args:
            backbone: of the detector; None if it is not to be shared.
        """

    def read_images_of(self, preprocessor: BaseDataPreprocessor) -> None:
        """Prepare for the images that a detector's data preprocessor makes.

        Args:
            preprocessor: of the detector. Stages of its backbone need no preparation.
        """

    @abstractmethod
    def image_feats(self, inputs: RefinerInputs) -> Tensor:
        """Map (B, C, H', W') that is computed once for all boxes of the images."""

    @abstractmethod
    def box_feats(self, image_feats: Tensor, rois: Tensor) -> Tensor:
        """Feature vectors (n, in_channels) of RoIs (n, 5), n > 0."""

    def forward(self, inputs: RefinerInputs, rois: Tensor) -> RefinerOutputs:
        """Raw outputs for RoIs (n, 5) in pixels of the network input."""
        return self._outputs(self.image_feats(inputs), rois)

    def _outputs(self, image_feats: Tensor, rois: Tensor) -> RefinerOutputs:
        if len(rois) == 0:
            vectors = image_feats.new_zeros(0, self.in_channels)
        else:
            vectors = self.box_feats(image_feats, rois)
        deltas = self.fc_reg(vectors) if self.with_reg else None
        return RefinerOutputs(self.fc_cls(vectors), deltas)

    def get_targets(
        self, candidates: InstanceList, gt_instances: InstanceList
    ) -> RefinerTargets:
        """Sample boxes of each image and label them (sec. 4.5).

        Args:
            candidates: of each image, as the sampler takes them.
            gt_instances: of each image, ``bboxes`` (g, 4) xyxy and ``labels`` (g,).
        """
        sampled = [
            self.sampler.sample(boxes, gt, self.num_classes)
            for boxes, gt in zip(candidates, gt_instances, strict=True)
        ]
        rois = bbox2roi([samples.bboxes for samples in sampled])
        gt_bboxes = torch.cat([samples.gt_bboxes for samples in sampled])
        labels = torch.cat([samples.labels for samples in sampled])
        return RefinerTargets(
            rois, labels, self.bbox_coder.encode(rois[:, 1:], gt_bboxes)
        )

    def loss(
        self,
        inputs: RefinerInputs,
        candidates: InstanceList,
        gt_instances: InstanceList,
    ) -> dict[str, Tensor]:
        """Cross entropy of the sampled boxes (sec. 4.5.2), and their box loss if any.

        Args:
            inputs: of the batch; gradients flow into them.
            candidates: boxes of each image, as the sampler takes them. They are
                coordinates only: no gradient flows into them.
            gt_instances: of each image.

        Returns:
            ``loss_dcr_cls``, ``acc_dcr`` in percent, and, with a box branch,
            ``loss_dcr_bbox``.
        """
        targets = self.get_targets(candidates, gt_instances)
        if len(targets.rois) == 0:
            return self._zero_losses()
        outputs = self(inputs, targets.rois)
        logits = outputs.cls_logits.float()
        correct = logits.argmax(dim=1) == targets.labels
        losses = dict(
            loss_dcr_cls=self.loss_cls(logits, targets.labels),
            acc_dcr=100 * correct.float().mean(),
        )
        if outputs.bbox_deltas is not None:
            foreground = (targets.labels != self.num_classes).float()[:, None]
            losses['loss_dcr_bbox'] = self.loss_bbox(
                outputs.bbox_deltas.float(),
                targets.bbox_targets,
                foreground.expand(-1, 4),
                avg_factor=len(targets.rois),
            )
        return losses

    def _zero_losses(self) -> dict[str, Tensor]:
        # Batch norm cannot take an empty batch; all parameters stay in the graph.
        zero = torch.stack([param.sum() for param in self.parameters()]).sum() * 0
        losses = dict(loss_dcr_cls=zero, acc_dcr=zero.detach())
        return losses | (dict(loss_dcr_bbox=zero) if self.with_reg else {})

    def predict(
        self, inputs: RefinerInputs, rois: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Probabilities (n, num_classes + 1) and deltas (n, 4), if any, of RoIs (n, 5).

        Works in chunks of ``chunk_size`` boxes.
        """
        if len(rois) == 0:
            deltas = rois.new_zeros(0, 4) if self.with_reg else None
            return rois.new_zeros(0, self.num_classes + 1), deltas
        image_feats = self.image_feats(inputs)
        chunks = rois.split(self.chunk_size or len(rois))
        outputs = [self._outputs(image_feats, chunk) for chunk in chunks]
        logits = torch.cat([output.cls_logits for output in outputs])
        parts = [o.bbox_deltas for o in outputs if o.bbox_deltas is not None]
        deltas = torch.cat(parts).float() if parts else None
        return logits.float().softmax(dim=1), deltas

    def refine(
        self,
        inputs: RefinerInputs,
        bboxes: list[Tensor],
        scores: list[Tensor],
        chosen: list[Tensor] | None = None,
    ) -> list[RefinedBoxes]:
        """Look at boxes of each image once more.

        Args:
            inputs: of the batch.
            bboxes: (n, 4) xyxy of each image, in pixels of the network input.
            scores: (n,) best foreground scores of each image.
            chosen: (k,) indices of the boxes of each image to look at; by default the
                fraction ``top_p`` with the best scores.
        """
        if chosen is None:
            chosen = [self.choose(own) for own in scores]
        pairs = zip(bboxes, chosen, strict=True)
        rois = bbox2roi([boxes[indices] for boxes, indices in pairs])
        probs, deltas = self.predict(inputs, rois)
        counts = [len(indices) for indices in chosen]
        own_deltas = [None] * len(counts) if deltas is None else deltas.split(counts)
        parts = zip(chosen, probs.split(counts), own_deltas, strict=True)
        return [RefinedBoxes(*own) for own in parts]

    def choose(self, scores: Tensor, score_thr: float | None = None) -> Tensor:
        """Indices of the fraction ``top_p`` of boxes with the best scores.

        Args:
            scores: (n,) best foreground scores.
            score_thr: of the detections; boxes that cannot exceed it, whatever is seen
                there, are left out. None if all boxes become detections.

        Returns:
            (k,) indices, rising.
        """
        best = top_indices(scores, self.top_p)
        if score_thr is None:
            return best
        return best[self.most(scores[best]) > score_thr]

    def most(self, scores: Tensor) -> Tensor:
        """What fused scores can be at most, whatever the refiner says; any shape."""
        return fuse_refined(scores, torch.ones_like(scores), self.fusion)
