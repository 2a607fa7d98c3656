import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope

import mmdet_plus  # noqa: F401

TOOL = 'analysis_tools/cpm_stage_ap'
CPM = """
_base_ = './tiny.py'
model = dict(
    roi_head=dict(
        type='CPMRoIHead',
        bbox_head=dict(with_reg=False),
        grid_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=14, sampling_ratio=2),
            out_channels=16, featmap_strides=[4, 8, 16, 32]),
        grid_head=dict(
            type='PointGridHead', in_channels=16, num_convs=1, point_channels=2,
            norm_cfg=dict(type='GN', num_groups=2)),
        num_stages=2))
"""


@pytest.fixture
def files(tiny_config, tmp_path):
    """A config and a checkpoint whose second stage has the boxes of the first."""
    path = tmp_path / 'cpm.py'
    path.write_text(CPM)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(Config.fromfile(path).model)
    torch.save(dict(state_dict=model.state_dict(), meta={}), tmp_path / 'c.pth')
    return path, tmp_path / 'c.pth'


def table(text):
    lines = [line for line in text.splitlines() if line.startswith('|')]
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in lines]


def test_one_row_for_each_stage(tool_main, files, capsys, monkeypatch):
    head = MODELS.get('CPMRoIHead')
    candidates = head.candidates

    def spoil(self, *args):
        first, second = candidates(self, *args)
        for result in first:
            result.bboxes = torch.zeros_like(result.bboxes)
        for index, result in enumerate(second):
            objects = torch.tensor(
                [[4.0 + 3 * index, 8 + 2 * index, 24 + 3 * index, 28 + 2 * index]]
            )
            result.bboxes = objects.repeat(len(result), 1)
        return [first, second]

    monkeypatch.setattr(head, 'candidates', spoil)
    options = ['--cfg-options', 'test_dataloader.batch_size=4']
    assert tool_main(TOOL, *files, *options) == 0
    header, _, first, second = table(capsys.readouterr().out)
    assert header[:2] == ['stage', 'bbox_mAP']
    assert [first[0], second[0]] == ['1', '2']
    assert float(first[1]) == 0
    assert float(second[1]) > 0  # the squares are found


def test_errors(tool_main, files, tiny_config, capsys, tmp_path):
    assert tool_main(TOOL, files[0], 'absent.pth') == 2
    assert 'checkpoint absent.pth does not exist' in capsys.readouterr().err
    other = tmp_path / 'faster-rcnn.pth'
    torch.save(MODELS.build(Config.fromfile(tiny_config).model).state_dict(), other)
    assert tool_main(TOOL, tiny_config, other) == 2
    assert 'roi_head must be CPMRoIHead, got StandardRoIHead' in capsys.readouterr().err
    option = 'test_dataloader.dataset.ann_file=absent.json'
    assert tool_main(TOOL, *files, '--cfg-options', option) == 2
    assert 'absent.json does not exist; set test_data' in capsys.readouterr().err


@pytest.mark.parametrize('found', [0, 1])
def test_stages_that_find_nothing(tool_main, files, capsys, monkeypatch, found):
    head = MODELS.get('CPMRoIHead')
    candidates = head.candidates

    def drop(self, *args):
        first, second = candidates(self, *args)
        kept = [result[:found] for result in first]
        return [kept, [result[:0] for result in second]]

    monkeypatch.setattr(head, 'candidates', drop)
    assert tool_main(TOOL, *files) == (0 if found else 2)
    shown = capsys.readouterr()
    if found:
        assert set(table(shown.out)[3][1:]) == {'-'}
    else:
        assert 'no stage finds anything' in shown.err


def test_weights_of_the_fused_score_in_one_pass(tool_main, files, capsys, monkeypatch):
    head = MODELS.get('CPMRoIHead')
    candidates, calls = head.candidates, []

    def rate(self, *args):
        (found,) = candidates(self, *args)
        for index, own in enumerate(found):
            # Best by the classes is nothing, best by the RSM is the square.
            own.cls_scores = torch.linspace(0.9, 0.1, len(own))
            own.rsm_scores = torch.linspace(0.1, 0.9, len(own))
            own.bboxes = torch.zeros_like(own.bboxes)
            own.bboxes[-1] = torch.tensor(
                [4.0 + 3 * index, 8 + 2 * index, 24 + 3 * index, 28 + 2 * index]
            )
        calls.append(len(found))
        return [found]

    monkeypatch.setattr(head, 'candidates', rate)
    options = ['--cfg-options', 'test_dataloader.batch_size=4']
    gammas = ['--gammas', 'none', '0', '0.5', '--iou-thrs', '0.5', '0.9']
    assert tool_main(TOOL, *files, *gammas, *options) == 0
    header, _, *rows = table(capsys.readouterr().out)
    assert header[:2] == ['gamma', 'bbox_mAP']
    assert header[-2:] == ['AP0.5', 'AP0.9']
    assert [row[0] for row in rows] == ['none', '0', '0.5']
    by_classes, by_rsm = (dict(zip(header, row, strict=True)) for row in rows[:2])
    assert float(by_rsm['bbox_mAP']) > float(by_classes['bbox_mAP'])
    assert by_rsm['AP0.5'] == by_rsm['bbox_mAP_50']
    assert float(by_rsm['AP0.9']) <= float(by_rsm['AP0.5'])
    assert len(calls) == 1  # one pass, whatever the number of rows


def test_a_weight_that_means_nothing_is_refused(tool_main, files, capsys):
    assert tool_main(TOOL, *files, '--gammas', '0.5', '2') == 2
    assert '--gammas: 2.0 is not in [0, 1]' in capsys.readouterr().err
