"""From a detector to a file."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import torch
from mmengine.config import Config
from samples import dcr
from samples.deploy import build, model_info, run_form, two_images
from samples.onnx_model import write_model

from mmdet_plus.deploy import OnnxDetector, exporting
from mmdet_plus.deploy.description import ExportOptions
from mmdet_plus.deploy.differences import Difference
from mmdet_plus.deploy.exporting import (
    check_place,
    deploy_form,
    export,
    export_program,
    limit_detections,
    onnx_program,
    write_onnx,
)
from mmdet_plus.errors import UserError

NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g']


def small():
    cfg = dcr.detector_config()
    cfg.test_cfg.rcnn.score_thr = 0.3
    return build(cfg)


@pytest.fixture(scope='module')
def dynamic_file(tmp_path_factory):
    """A Faster R-CNN for images of any size."""
    path = tmp_path_factory.mktemp('onnx') / 'model.onnx'
    info = model_info(
        class_names=NAMES, palette=[[9, 9, 9]] * 7, dynamic=True, max_detections=30
    )
    write_onnx(small(), info, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize('size', [(64, 96), (160, 128)])
def test_a_dynamic_file_finds_in_all_sizes_what_the_form_finds(dynamic_file, size):
    inputs = two_images(*size)
    expected = run_form(small(), inputs)
    found = OnnxDetector(dynamic_file).session.run(None, inputs._asdict())
    assert len(expected['scores']) > 0
    for own, values in zip(found, expected.values(), strict=True):
        assert own.shape == values.shape
    np.testing.assert_allclose(found[1], expected['scores'], atol=1e-4)


@pytest.mark.slow
def test_there_are_standard_operators_only(dynamic_file):
    model = onnx.load(dynamic_file)
    assert {each.domain for each in model.opset_import} == {''}
    assert model.opset_import[0].version >= 20
    assert len(model.functions) == 0
    onnx.checker.check_model(model)


def test_at_most_so_many_detections():
    model = small()
    limit_detections(model, 3)
    outputs = run_form(model, two_images())
    assert np.bincount(outputs['image_ids']).max() <= 3
    assert model.rpn_head.test_cfg.max_per_img == 20


def test_opsets_that_cannot_be_had_are_refused(tmp_path):
    path = tmp_path / 'model.onnx'
    with pytest.raises(UserError, match='--opset 17 is too old'):
        write_onnx(small(), model_info(), path, 17)
    newer = onnx.defs.onnx_opset_version() + 1
    with pytest.raises(UserError, match=f'--opset {newer} is too new'):
        write_onnx(small(), model_info(), path, newer)


def test_another_opset_than_the_one_asked_for_is_refused(monkeypatch):
    # As PyTorch gives one, without a word, that it cannot convert to another.
    program = SimpleNamespace(model=SimpleNamespace(opset_imports={'': 18}))
    monkeypatch.setattr(torch.onnx, 'export', lambda *args, **options: program)
    with pytest.raises(UserError, match=r'--opset 20 cannot.*wrote opset 18'):
        onnx_program(small(), model_info())


def run_export(path, monkeypatch, difference):
    """``export`` of a made-up graph that a comparison judges so."""
    program = SimpleNamespace(save=lambda part: write_model(Path(part)))
    monkeypatch.setattr(exporting, 'onnx_program', lambda *args: program)
    monkeypatch.setattr(exporting, 'compare', lambda *args: difference)
    pipeline = [dict(type='Resize', scale=(64, 64))]
    dataset = dict(type='CocoDataset', pipeline=pipeline)
    cfg = Config(dict(model={}, test_dataloader=dict(dataset=dataset)))
    return export(cfg, small(), path, 'tiny', ExportOptions())


def test_a_file_that_is_equal_takes_its_name(tmp_path, monkeypatch):
    path = tmp_path / 'model.onnx'
    text = run_export(path, monkeypatch, Difference(4, 100, boxes=0.001))
    assert text.startswith(f'{path}: 4 images, 100 detections: boxes differ by at most')
    assert [own.name for own in tmp_path.iterdir()] == ['model.onnx']


def test_a_file_that_differs_leaves_the_one_before(tmp_path, monkeypatch):
    path = tmp_path / 'model.onnx'
    path.write_text('before')
    with pytest.raises(UserError, match=r'model\.differs\.onnx does not find what'):
        run_export(path, monkeypatch, Difference(4, 100, unmatched=1))
    assert path.read_text() == 'before'
    assert OnnxDetector(tmp_path / 'model.differs.onnx').class_names
    assert len([*tmp_path.iterdir()]) == 2


def test_files_that_cannot_be_written_are_refused_before_the_work(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match=r'--out .* is a folder'):
        check_place(tmp_path)
    with pytest.raises(UserError, match=r'--out .*model\.onnx cannot be written: '):
        check_place(tmp_path / 'file' / 'model.onnx')
    check_place(tmp_path / 'new' / 'model.onnx')
    assert list((tmp_path / 'new').iterdir()) == []


def test_torch_export_takes_the_form():
    program = export_program(deploy_form(small()), model_info())
    inputs = [torch.from_numpy(part) for part in two_images(64, 64)]
    found = program.module()(*inputs)
    expected = deploy_form(small())(*inputs)
    torch.testing.assert_close(found, expected)


def test_half_precision_leaves_boxes_in_single_precision():
    form = deploy_form(small(), 'fp16')
    outputs = form(*map(torch.from_numpy, two_images()))
    assert {p.dtype for p in form.backbone.parameters()} == {torch.float16}
    assert outputs['boxes'].dtype == outputs['scores'].dtype == torch.float32
    assert len(outputs['scores']) > 0
