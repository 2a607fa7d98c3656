"""RoI head whose boxes are scored a second time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmdet.models.utils import unpack_gt_instances
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, InstanceList
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor, nn

from .refiners.box_refiner import RefinerInputs
from .refiners.candidates import Request, build_refiner, candidates_at
from .roi_training import sample_rois, with_proposals, without_flat_objects

Features = tuple[Tensor, ...]
POOLS = ('proposals', 'sampled')


@MODELS.register_module()
class DCRRoIHead(BaseModule):
    """Any RoI head, and a refiner trained with it end to end.

    DCR V2 (arXiv 1810.04002), sec. 4.3 and 4.5.2. ``SharedBaseDCR`` makes it of its
    RoI head and its refiner. Besides what RoI heads take, its methods take what the
    refiner looks at.

    The boxes that train the refiner are those that the RoI head gives at test time,
    with batch norms and dropout in test mode. They are numbers only: the refiner's loss
    reaches the shared stages and never the boxes (sec. 4.5.2).

    Args:
        base: RoI head that gives boxes and scores; takes ``train_cfg`` and ``test_cfg``
            of this head.
        refiner: see ``SharedBaseDCR``, as the other arguments.
    """

    def __init__(
        self,
        base: ConfigType,
        *,
        refiner: ConfigType,
        refine_at: str = 'pre_nms',
        candidate_pool: str = 'proposals',
        max_candidates: int | None = None,
        train_cfg: ConfigType | None = None,
        test_cfg: ConfigType | None = None,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        self.candidates = candidates_at(refine_at)
        self.base = MODELS.build({**base, 'train_cfg': train_cfg, 'test_cfg': test_cfg})
        self.candidates.check_roi_head(self.base)
        self.refiner = build_refiner(refiner, self.base)
        self._check_pool(candidate_pool)
        self.candidate_pool = candidate_pool
        self.max_candidates = max_candidates
        self.test_cfg = test_cfg

    @property
    def with_bbox(self) -> bool:
        """Whether ``base`` detects boxes."""
        return self.base.with_bbox

    @property
    def with_mask(self) -> bool:
        """Whether ``base`` predicts masks."""
        return self.base.with_mask

    @property
    def with_shared_head(self) -> bool:
        """Whether ``base`` has a stage of the backbone."""
        return self.base.with_shared_head

    def forward(
        self,
        x: Features,
        rpn_results_list: InstanceList,
        batch_data_samples: SampleList,
        *,
        inputs: RefinerInputs,
    ) -> tuple:
        """Raw outputs of ``base``, then the refiner's for the boxes that it gives."""
        metas = [sample.metainfo for sample in batch_data_samples]
        found = self.training_boxes(x, rpn_results_list, metas)
        outputs = self.base.forward(x, rpn_results_list, batch_data_samples)
        refined = self.refiner.refine(
            inputs, [own.bboxes for own in found], [own.scores for own in found]
        )
        return (*outputs, refined)

    def loss(
        self,
        x: Features,
        rpn_results_list: InstanceList,
        batch_data_samples: SampleList,
        *,
        inputs: RefinerInputs,
    ) -> dict[str, Tensor]:
        """L_rcnn and L_dcr (sec. 4.5.2).

        Args:
            x: feature levels (B, C, H_i, W_i).
            rpn_results_list: proposals of each image, ``bboxes`` (n, 4) xyxy.
            batch_data_samples: ground truth and meta information of each image.
            inputs: of the same images.

        Returns:
            Losses of ``base`` and of the refiner.
        """
        batch_data_samples = without_flat_objects(batch_data_samples)
        gt_instances, _, metas = unpack_gt_instances(batch_data_samples)
        found = with_proposals(rpn_results_list, metas)
        # Before the base's loss, which renames parts of the proposals.
        pool = self._pool(x, found, batch_data_samples)
        candidates = self.training_boxes(x, pool, metas)
        losses = self.base.loss(x, found, batch_data_samples)
        return losses | self.refiner.loss(inputs, candidates, gt_instances)

    def _pool(
        self, x: Features, proposals: InstanceList, samples: SampleList
    ) -> InstanceList:
        """The proposals that are decoded for the refiner."""
        if self.candidate_pool == 'sampled':
            results = sample_rois(self.base, x, proposals, samples)
            proposals = [InstanceData(bboxes=result.priors) for result in results]
        return [own[: self.max_candidates] for own in proposals]

    def _check_pool(self, pool: str) -> None:
        if pool not in POOLS:
            raise ValueError(
                f'candidate_pool must be one of {", ".join(POOLS)}, got {pool!r}'
            )
        # Without train_cfg nothing is trained.
        trains = getattr(self.base, 'train_cfg', None) is not None
        sampler = getattr(self.base, 'bbox_sampler', [])
        if pool == 'sampled' and trains and isinstance(sampler, list):
            raise ValueError(
                "candidate_pool='sampled' needs an RoI head with one sampler, which "
                f'{type(self.base).__name__} has not'
            )

    def training_boxes(
        self, x: Features, rpn_results_list: InstanceList, batch_img_metas: list[dict]
    ) -> InstanceList:
        """Boxes of ``base`` as at test time: ``bboxes``, ``scores`` and ``labels``."""
        request = Request(batch_img_metas, self.test_cfg)
        with torch.no_grad(), _test_mode(self.base):
            found = self.candidates.of_roi_head(self.base, x, rpn_results_list, request)
            return self.candidates.for_training(found)

    def predict(
        self,
        x: Features,
        rpn_results_list: InstanceList,
        batch_data_samples: SampleList,
        rescale: bool = False,
        *,
        inputs: RefinerInputs,
    ) -> InstanceList:
        """Detections with refined scores, and their masks where ``base`` has them.

        Args:
            x: feature levels (B, C, H_i, W_i).
            rpn_results_list: proposals of each image, ``bboxes`` (n, 4) xyxy.
            batch_data_samples: meta information of each image.
            rescale: whether boxes and masks return in pixels of the original image.
            inputs: of the same images.
        """
        metas = [sample.metainfo for sample in batch_data_samples]
        # Mask heads take boxes in pixels of the network input, and rescale them.
        request = Request(metas, self.test_cfg, rescale and not self.with_mask)
        found = self.candidates.of_roi_head(self.base, x, rpn_results_list, request)
        results = self.candidates.rescore(self.refiner, inputs, found, request)
        if not self.with_mask:
            return results
        return self.base.predict_mask(x, metas, results, rescale=rescale)


@contextmanager
def _test_mode(module: nn.Module) -> Iterator[None]:
    """Batch norms and dropout as at test time; afterwards as before."""
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training
