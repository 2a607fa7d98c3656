from pathlib import Path

import cv2
import numpy as np
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from samples.tools import load_tool
from torch import nn

ROOT = Path(__file__).parents[2]
TOOL = 'analysis_tools/benchmark_inference'


def test_table_has_a_row_per_detector_with_equal_work(capsys):
    configs = [
        str(ROOT / 'configs' / 'd2det' / f'{name}_r18_fpn_1x_shapes.py')
        for name in ('faster-rcnn', 'd2det')
    ]
    small = ['--shape', '64', '64', '--proposals', '20', '--detections', '5']
    load_tool(TOOL).main([*configs, *small, '--runs', '1'])
    rows = [line for line in capsys.readouterr().out.splitlines() if 'r18' in line]
    cells = [[cell.strip() for cell in row.split('|')[1:-1]] for row in rows]
    assert [row[0] for row in cells] == [Path(config).stem for config in configs]
    assert [row[3] for row in cells] == ['5', '5']
    assert cells[0][2] == '1.00'
    assert float(cells[1][1]) > 0


def rows_of(capsys):
    rows = [line for line in capsys.readouterr().out.splitlines() if 'r18' in line]
    return [[cell.strip() for cell in row.split('|')[1:-1]] for row in rows]


def test_single_stage_detectors_get_their_own_input_size(capsys):
    configs = [
        str(ROOT / 'configs' / 'refinedet' / f'{name}_r18_1x_shapes.py')
        for name in ('ssd320', 'refinedet320')
    ]
    small = ['--proposals', '40', '--detections', '7', '--shape', '64', '64']
    load_tool(TOOL).main([*configs, *small, '--runs', '1'])
    cells = rows_of(capsys)
    assert [row[3] for row in cells] == ['7', '7']
    assert [row[4] for row in cells] == ['320 x 320'] * 2


def test_trained_weights_and_an_image(capsys, tmp_path):
    config = str(ROOT / 'configs' / 'refinedet' / 'refinedet320_r18_1x_shapes.py')
    model = MODELS.build(Config.fromfile(config).model)
    for conv in model.arm_head.cls_convs:
        conv.weight.data.zero_()
        conv.bias.data[1::2] = 10.0  # all background
    for branch in model.bbox_head.cls_convs:
        classifier = [m for m in branch.modules() if isinstance(m, nn.Conv2d)][-1]
        classifier.bias.data[:: model.bbox_head.num_classes + 1] = 5.0
    checkpoint, image = tmp_path / 'weights.pth', tmp_path / 'image.png'
    torch.save(model.state_dict(), checkpoint)
    cv2.imwrite(str(image), np.zeros((20, 30, 3), np.uint8))
    variant = config.replace('refinedet320_', 'refinedet320-no-filtering_')
    options = ['--checkpoint', str(checkpoint), '--image', str(image), '--runs', '1']
    load_tool(TOOL).main([config, variant, *options])
    filtered, unfiltered = rows_of(capsys)
    assert filtered[3] == '0'
    assert int(unfiltered[3]) > 7  # the limit of the config
