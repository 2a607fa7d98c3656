from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

from mmdet_plus.analysis.inference_cost.detectors import (
    build_trained,
    build_untrained,
    input_shape,
    read_benchmark_config,
    read_image,
    samples_for,
    without_pretraining,
)
from mmdet_plus.errors import UserError

CONFIGS = Path(__file__).parents[3] / 'configs'
INPUTS = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmdet')


def read(name):
    return Config.fromfile(CONFIGS / f'{name}_r18_fpn_1x_shapes.py')


@pytest.mark.parametrize(
    'name', ['d2det/d2det', 'cpm_rcnn/cpm-rcnn', 'double_head/double-head']
)
def test_each_roi_gives_two_detections(name):
    model = build_untrained(read(name), proposals=40, detections=12)
    rois = []
    head = model.roi_head.bbox_head
    hook = head.register_forward_hook(lambda m, i, o: rois.append(o[0].softmax(1)))
    with torch.no_grad():
        found = model.predict(INPUTS, samples_for(INPUTS), rescale=False)
    hook.remove()
    assert len(found[0].pred_instances) == 12
    assert rois[0].shape[0] == 40
    best = rois[0][:, :-1].max(dim=1).values
    assert ((rois[0][:, :-1] > 0.05).sum(dim=1)).tolist()[:12] == [2] * 12
    assert best[0] == pytest.approx(0.475)
    assert best[20] == pytest.approx(0.005)  # half of the RoIs have more
    assert (best.diff() < 0).all()


def test_stages_of_a_cascade_agree():
    cfg = read_benchmark_config('mmdet::cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco')
    cfg.model.backbone.depth = 18
    cfg.model.neck.in_channels = [64, 128, 256, 512]
    model = build_untrained(cfg, proposals=40, detections=12, images=2)
    inputs = INPUTS.expand(2, -1, -1, -1)
    with torch.no_grad():
        found = model.predict(inputs, samples_for(inputs), rescale=False)
    assert [len(own.pred_instances) for own in found] == [12, 12]
    assert all(own.pred_instances.scores[0] == pytest.approx(0.475) for own in found)


def test_trained_weights_must_be_of_the_model(tmp_path):
    cfg = read('d2det/d2det')
    torch.save(dict(state_dict=nn.Linear(2, 2).state_dict()), tmp_path / 'other.pth')
    with pytest.raises(UserError, match='belongs to another config'):
        build_trained(cfg, str(tmp_path / 'other.pth'))


def test_shape_of_configs_that_resize_to_one():
    cfg = read('d2det/d2det')
    assert input_shape(cfg, (64, 96)) == (64, 96)
    single = Config.fromfile(CONFIGS / 'refinedet' / 'refinedet320_r18_1x_shapes.py')
    assert input_shape(single, (64, 96)) == (320, 320)


def test_configs_of_mmdetection_by_name():
    cfg = read_benchmark_config('mmdet::ssd/ssd300_coco')
    assert cfg.model.bbox_head.type == 'SSDHead'


@pytest.mark.parametrize(
    'name', ['faster-rcnn-dcrv1-r50_r101_7e_voc0712', 'faster-rcnn-dcrv2_r101_8e_coco']
)
def test_no_part_of_a_detector_loads_weights(name):
    model = without_pretraining(Config.fromfile(CONFIGS / f'dcr/{name}.py').model)
    text = str(model.to_dict())
    assert 'Pretrained' not in text
    assert 'https://' not in text
    assert model.get('detector_checkpoint') is None


@pytest.mark.parametrize('name', ['absent.py', 'net.pth', 'mmdet::ssd/absent'])
def test_configs_that_cannot_be_read(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'net.pth').touch()
    with pytest.raises(UserError, match=f'config {name} cannot be read'):
        read_benchmark_config(name)


@pytest.mark.parametrize('name', ['absent.png', 'text.png'])
def test_images_that_cannot_be_read(name, tmp_path):
    (tmp_path / 'text.png').write_text('<html>')
    with pytest.raises(UserError, match=f'{name} cannot be read'):
        read_image(str(tmp_path / name), (32, 32), None)
