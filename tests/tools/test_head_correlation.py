import csv

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope
from samples.tools import load_tool

EXT = """
        type='DoubleHeadExtRoIHead',
        bbox_head=dict(
            _delete_=True, type='DoubleHeadExtBBoxHead', in_channels=16, num_blocks=2,
            fc_out_channels=16, conv_out_channels=16, num_classes=2)"""
PLAIN = """
        type='DoubleHeadRoIHead', reg_roi_scale_factor=1.3,
        bbox_head=dict(
            _delete_=True, type='DoubleConvFCBBoxHead', in_channels=16, num_convs=1,
            num_fcs=2, fc_out_channels=16, conv_out_channels=16, num_classes=2)"""
SMALL = ['--shifts', '-0.5', '0', '0.5', '--scales', '0.7', '1', '--images', '2']
MAPS = {'conv_features', 'fc_features', 'fc_weights'}


@pytest.fixture
def prepare(tiny_config, tmp_path):
    """A function that writes a config and a checkpoint of a detector."""

    def write(roi_head):
        path = tmp_path / 'double.py'
        path.write_text(
            f"_base_ = './{tiny_config.name}'\n"
            f'model = dict(roi_head=dict({roi_head}))\n'
        )
        torch.manual_seed(0)
        with DefaultScope.overwrite_default_scope('mmdet'):
            model = MODELS.build(Config.fromfile(path).model)
        torch.save(dict(state_dict=model.state_dict(), meta={}), tmp_path / 'd.pth')
        return path, tmp_path / 'd.pth'

    return write


def read(path):
    with path.open(newline='') as file:
        return list(csv.DictReader(file))


def test_tables_and_pictures(tool_main, prepare, tmp_path, capsys):
    files = prepare(EXT)
    assert tool_main('analysis_tools/head_correlation', *files, *SMALL) == 0
    shown = capsys.readouterr().out
    assert '4 objects in 2 images' in shown
    assert 's per image' in shown
    assert 'has no' not in shown
    out = tmp_path / 'work_dirs/heads'
    rows = read(out / 'correlation.csv')
    assert len(rows) == 8
    # 3 x 3 places and 2 x 2 sizes of 4 objects of 20 x 20, which are small.
    counts = {(row['head'], row['size']): int(row['proposals']) for row in rows}
    for head in ('fc', 'conv'):
        assert counts[head, 'small'] == counts[head, 'all'] == 144
        assert counts[head, 'large'] == 0
    assert len(read(out / 'bins.csv')) == 2 * 2 * 4 * 20
    for name in MAPS:
        matrix = np.loadtxt(out / f'spatial_correlation_{name}.csv', delimiter=',')
        assert matrix.shape == (49, 49)
        np.testing.assert_allclose(np.diag(matrix), 1, atol=1e-4)
    pictures = {path.stem for path in out.glob('*.png')}
    assert pictures == {'correlation', 'score', 'regressed_iou', 'spatial_correlation'}


def test_images_are_chosen_by_the_seed():
    module = load_tool('analysis_tools/head_correlation')
    data = range(1000)
    chosen = module.choose_images(data, 50, 3)
    assert len(set(chosen)) == 50
    assert set(chosen) <= set(data)
    assert chosen == module.choose_images(data, 50, 3)
    assert chosen != module.choose_images(data, 50, 4)
    for count in (None, 1000, 2000):
        assert list(module.choose_images(data, count, 3)) == list(data)


def test_the_limits_of_the_sizes_are_options(tool_main, prepare, tmp_path):
    files = prepare(EXT)
    limits = ['--small', '10', '--medium', '20']
    assert tool_main('analysis_tools/head_correlation', *files, *SMALL, *limits) == 0
    rows = read(tmp_path / 'work_dirs/heads/correlation.csv')
    assert {r['size'] for r in rows if int(r['proposals'])} == {'all', 'large'}


def test_mmdets_double_head_says_what_it_lacks(tool_main, prepare, tmp_path, capsys):
    files = prepare(PLAIN)
    assert tool_main('analysis_tools/head_correlation', *files, *SMALL) == 0
    shown = capsys.readouterr().out
    assert 'the fc-head of this model has no boxes' in shown
    assert 'the conv-head of this model has no class scores' in shown
    rows = read(tmp_path / 'work_dirs/heads/bins.csv')
    found = {(row['quantity'], row['head']) for row in rows}
    assert found == {('score', 'fc'), ('regressed_iou', 'conv')}


def test_errors(tool_main, prepare, tmp_path, capsys):
    tool = 'analysis_tools/head_correlation'
    config, checkpoint = prepare(EXT)
    assert tool_main(tool, config, 'absent.pth') == 2
    assert 'checkpoint absent.pth does not exist' in capsys.readouterr().err
    assert tool_main(tool, config, checkpoint, '--images', 0) == 2
    assert '--images: must be at least 1, got 0' in capsys.readouterr().err
    assert tool_main(tool, config, checkpoint, '--scales', 0) == 2
    assert '--scales: must be a finite number above 0' in capsys.readouterr().err
    assert tool_main(tool, config, checkpoint, '--small', 9, '--medium', 8) == 2
    assert '--small 9 is above --medium 8' in capsys.readouterr().err
    assert tool_main(tool, config, checkpoint, '--out-dir', config) == 2
    assert 'double.py is a file' in capsys.readouterr().err
    missing = ['--cfg-options', 'test_dataloader.dataset.ann_file=absent.json']
    assert tool_main(tool, config, checkpoint, *missing) == 2
    assert 'test_dataloader.dataset: annotation file' in capsys.readouterr().err
    assert tool_main(tool, config, checkpoint, '--shifts', 9, '--scales', 1) == 2
    assert 'give no proposal' in capsys.readouterr().err
    assert tool_main(tool, *prepare('')) == 2
    assert 'got StandardRoIHead' in capsys.readouterr().err
    assert not (tmp_path / 'work_dirs').exists()
