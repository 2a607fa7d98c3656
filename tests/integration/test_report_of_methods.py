"""The report on the shipped models: its numbers, and the chapter on the method."""

import json
from pathlib import Path

import pytest

from mmdet_plus.datasets.shapes.creation import ShapesSpec, create_shapes

CONFIGS = Path(__file__).parents[2] / 'configs'
MODELS = {
    'd2det/d2det': {'proposals', 'd2det_maps'},
    'cpm_rcnn/cpm-rcnn': {'proposals', 'cpm_stages'},
    'dcr/faster-rcnn-dcrv2': {'proposals', 'dcr_scores'},
    'refinedet/refinedet320': {'refinedet_anchors'},
    'double_head/dh-ext-faster-rcnn': {'proposals', 'double_heads'},
}


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data') / 'shapes'
    create_shapes(folder, ShapesSpec(num_train=1, num_val=12))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize('name', MODELS)
def test_report_on_a_shipped_model(name, data, tool_main, tmp_path):
    config = CONFIGS / f'{name}_tiny_shapes.py'
    checkpoint = f'zoo://{name.split("/")[1]}_tiny_shapes'
    options = [f'test_dataloader.dataset.data_root={data}/']
    options.append(f'test_evaluator.ann_file={data}/annotations/val.json')
    flags = ['--eval', 'bbox', '--report', tmp_path / 'out', '--cfg-options', *options]
    assert tool_main('test', config, checkpoint, *flags) == 0
    measured = json.loads((tmp_path / 'out/report.json').read_text())
    (log,) = (tmp_path / 'work_dirs').glob('*/*/*.json')
    logged = json.loads(log.read_text())
    summary = measured['bbox']['accuracy']['summary']
    for ours, theirs in (('AP', 'mAP'), ('AP50', 'mAP_50'), ('APs', 'mAP_s')):
        assert round(summary[ours], 3) == pytest.approx(logged[f'coco/bbox_{theirs}'])
    assert summary['AP'] > 0.2
    assert measured['method'].keys() == MODELS[name]
    if 'cpm_stages' in measured['method']:
        *_, last = measured['method']['cpm_stages']['cpm_stages_rows']
        assert last['AP'] == pytest.approx(summary['AP'])
    pictures = list((tmp_path / 'out/figures/method').glob('*.png'))
    assert len(pictures) >= len(MODELS[name])
