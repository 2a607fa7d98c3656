"""Every released file, made up with its true names and shapes, fills its config."""

from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from mmengine.config import Config
from samples.released_files import (
    LISTS,
    Stored,
    released_list,
    small_tensors,
    write_caffemodel,
    write_params,
    write_pickle,
)

from mmdet_plus.errors import UserError
from mmdet_plus.zoo.conversion.converting import check_complete, convert_file

CONFIGS = Path(__file__).parents[4] / 'configs'


class Case(NamedTuple):
    """A released file: its config, what differs from it, and the layout in it."""

    config: str
    layout: str
    changes: dict = {}


ONE_CONV = {'model.roi_head.reg_head.num_convs': 1}
LVIS = {
    'model.roi_head.bbox_head.num_classes': 1230,
    'model.roi_head.mask_head.num_classes': 1230,
    'model.backbone.depth': 50,
}
OBJECTS365 = {'model.roi_head.bbox_head.num_classes': 365}
VOC = {
    'model.roi_head.bbox_head.num_classes': 20,
    'model.refiner.num_classes': 20,
}
D2DET, CPM, DCR = 'd2det-mmdet1', 'cpm-pet', 'dcr-mxnet'
DOUBLE_HEAD = 'double-head-maskrcnn-benchmark'
# No weights of the second release of D2Det are published: changes instead of configs.
CASES = {
    'd2det_r50': Case('d2det/d2det_r50_fpn_2x_coco_released', D2DET),
    'd2det_r101': Case('d2det/d2det_r101_fpn_2x_coco_released', D2DET),
    'd2det_r101-dcnv2': Case('d2det/d2det_r101-dcnv2_fpn_2x_coco_released', D2DET),
    'd2det_mask_r101': Case('d2det/d2det-mask_r101_fpn_2x_coco_released', D2DET),
    'd2det-mmdet2_r50': Case(
        'd2det/d2det_r50_fpn_2x_coco_released', 'd2det-mmdet2', ONE_CONV
    ),
    'd2det-mmdet2_r101': Case(
        'd2det/d2det_r101_fpn_2x_coco_released', 'd2det-mmdet2', ONE_CONV
    ),
    'd2det-mmdet2_r50_objects365': Case(
        'd2det/d2det_r50_fpn_2x_coco_released', 'd2det-mmdet2', OBJECTS365
    ),
    'd2det-mmdet2_mask_r101': Case(
        'd2det/d2det-mask_r101_fpn_2x_coco_released', 'd2det-mmdet2', ONE_CONV
    ),
    'd2det-mmdet2_mask_r50_lvis': Case(
        'd2det/d2det-mask_r101_fpn_2x_coco_released', 'd2det-mmdet2', LVIS
    ),
    'cpm-rcnn_r50': Case('cpm_rcnn/cpm-rcnn_r50_fpn_2x_coco_released', CPM),
    'cpm-rcnn_r101': Case('cpm_rcnn/cpm-rcnn_r101_fpn_2x_coco_released', CPM),
    'cpm-rcnn_x101-64x4d-dcn': Case(
        'cpm_rcnn/cpm-rcnn_x101-64x4d-dcn_fpn_2x_coco_released', CPM
    ),
    'dcr-base_r101': Case('dcr/faster-rcnn_r101_8e_coco_released', DCR),
    'dcr-base_r101-dcn': Case('dcr/faster-rcnn_r101-dcn_8e_coco_released', DCR),
    'dcr-base_r101_fpn': Case('dcr/faster-rcnn_r101_fpn_7e_coco_released', DCR),
    'dcr-base_r101-dcn_fpn': Case('dcr/faster-rcnn_r101-dcn_fpn_7e_coco_released', DCR),
    'refinedet-pytorch_vgg16': Case(
        'refinedet/refinedet320_vgg16_120k_voc0712', 'refinedet-pytorch'
    ),
    'refinedet_vgg16_voc': Case(
        'refinedet/refinedet512_vgg16_120k_coco-voc0712_released', 'refinedet-caffe'
    ),
    'refinedet_vgg16_coco': Case(
        'refinedet/refinedet320_vgg16_400k_coco_released', 'refinedet-caffe'
    ),
    'refinedet_r101_coco': Case(
        'refinedet/refinedet512_r101_540k_coco_released', 'refinedet-caffe'
    ),
    'dcrv2_r101': Case('dcr/faster-rcnn-dcrv2_r101_8e_coco_released', DCR),
    'dcrv2_r101_voc': Case('dcr/faster-rcnn-dcrv2_r101_8e_coco_released', DCR, VOC),
    'dcrv2_r101-dcn': Case('dcr/faster-rcnn-dcrv2_r101-dcn_8e_coco_released', DCR),
    'dcrv2_r101_fpn': Case('dcr/faster-rcnn-dcrv2_r101_fpn_7e_coco_released', DCR),
    'dcrv2_r101-dcn_fpn': Case(
        'dcr/faster-rcnn-dcrv2_r101-dcn_fpn_7e_coco_released', DCR
    ),
    'double-head-ext_r50': Case(
        'double_head/dh-ext-faster-rcnn_r50_fpn_1x_coco_released', DOUBLE_HEAD
    ),
    'double-head-ext_r101': Case(
        'double_head/dh-ext-faster-rcnn_r101_fpn_1x_coco_released', DOUBLE_HEAD
    ),
}  # fmt: skip
REFUSED = 'dcrv1_resnet-v2-152'


def write(folder: Path, name: str, stored: dict[str, Stored]) -> Path:
    """The file of a list in the container of its framework."""
    weights = small_tensors(stored)
    if any(key.startswith('arg:') for key in stored):
        path = folder / f'{name}.params'
        write_params(path, weights)
    elif any(key.endswith('/0') for key in stored):
        path = folder / f'{name}.caffemodel'
        write_caffemodel(path, weights)
    else:
        path = folder / f'{name}.pth'
        key = 'model' if next(iter(stored)).startswith('module.') else 'state_dict'
        state = dict(state={}, param_groups=[dict(lr=0.02, params=[0, 1])])
        meta = dict(mmdet_version='1.1.0', CLASSES=('person',))
        content = {key: weights, 'optimizer': state, 'meta': meta}
        write_pickle(path, weights if name.startswith('refinedet') else content)
    return path


def test_every_list_is_tried():
    assert {path.stem for path in LISTS.glob('*.txt')} == {*CASES, REFUSED}


@pytest.mark.parametrize('name', CASES)
def test_a_released_file_fills_its_config(name, tmp_path):
    case = CASES[name]
    cfg = Config.fromfile(CONFIGS / f'{case.config}.py')
    cfg.merge_from_dict(case.changes)
    stored = released_list(name)
    layout, result = convert_file(write(tmp_path, name, stored), cfg)
    assert layout == case.layout
    assert result.missing == []
    assert result.unused == []
    check_complete(result)
    unneeded = ('cell_anchors', '_test')
    assert all(any(part in key for part in unneeded) for key in result.not_needed)
    counted = sum('num_batches_tracked' in key for key in result.state_dict)
    assert len(result.state_dict) - counted >= 98


def test_resnet_v2_is_refused(tmp_path):
    path = write(tmp_path, REFUSED, released_list(REFUSED))
    cfg = Config.fromfile(CONFIGS / 'dcr/faster-rcnn_r101_8e_coco_released.py')
    with pytest.raises(UserError, match='pre-activation ResNet') as caught:
        convert_file(path, cfg)
    assert len(str(caught.value).splitlines()) == 1


def test_tensors_of_another_device_are_read(tmp_path, monkeypatch):
    path = tmp_path / 'port.pth'
    with monkeypatch.context() as patch:
        # As torch tags a tensor of the first GPU.
        patch.setattr(torch.serialization, 'location_tag', lambda storage: 'cuda:0')
        write_pickle(path, small_tensors(released_list('d2det_r50')))
    cfg = Config.fromfile(CONFIGS / 'd2det/d2det_r50_fpn_2x_coco_released.py')
    assert convert_file(path, cfg)[1].missing == []
