"""What a detector's method does inside: watched while it is tested."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from mmdet.models.detectors import BaseDetector

from .cpm_stages import StageStudy
from .d2det_maps import LocalMapStudy
from .dcr_scores import RefinerStudy
from .double_heads import HeadStudy
from .proposals import ProposalStudy
from .refinedet_anchors import AnchorStudy
from .study import Study, watch_batches

STUDIES: tuple[type[Study], ...] = (
    ProposalStudy,
    StageStudy,
    HeadStudy,
    RefinerStudy,
    AnchorStudy,
    LocalMapStudy,
)


@contextmanager
def watched(model: BaseDetector) -> Iterator[list[Study]]:
    """The studies that suit a detector; they watch it as long as the context lasts."""
    studies = [study() for study in STUDIES if study.suits(model)]
    with ExitStack() as stack:
        batch = stack.enter_context(watch_batches(model))
        for study in studies:
            study.watch(model, batch, stack)
        yield studies


__all__ = ['STUDIES', 'Study', 'watched']
