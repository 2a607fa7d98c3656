"""How other code bases name the weights of our models."""

from collections.abc import Sequence

from ..rules import Rule
from .cpm_rcnn import CPM_PET
from .d2det import D2DET_MMDET1, D2DET_MMDET2
from .dcr import DCR_MXNET
from .double_head import MASKRCNN_BENCHMARK
from .refinedet import REFINEDET_CAFFE, REFINEDET_PYTORCH

LAYOUTS: dict[str, Sequence[Rule]] = {
    'cpm-pet': CPM_PET,
    'd2det-mmdet1': D2DET_MMDET1,
    'd2det-mmdet2': D2DET_MMDET2,
    'dcr-mxnet': DCR_MXNET,
    'double-head-maskrcnn-benchmark': MASKRCNN_BENCHMARK,
    'refinedet-caffe': REFINEDET_CAFFE,
    'refinedet-pytorch': REFINEDET_PYTORCH,
}

__all__ = ['LAYOUTS']
