def test_list_and_info(tool_main, capsys):
    assert tool_main('zoo', 'list', '--all') == 0
    assert 'd2det_r50_fpn_2x_coco  no weights published' in capsys.readouterr().out
    assert tool_main('zoo', 'info', 'd2det_r50_fpn_2x_coco') == 0
    out = capsys.readouterr().out
    assert 'configs/d2det/d2det_r50_fpn_2x_coco.py' in out
    assert 'not published' in out


def test_errors_are_one_line(tool_main, capsys):
    assert tool_main('zoo', 'download', 'd2det_r50_fpn_2x_coco') == 2
    assert capsys.readouterr().err.startswith('error: no weights of d2det_r50')
    assert tool_main('zoo', 'info', 'd2det_r50') == 2
    assert "error: the zoo has no model 'd2det_r50'" in capsys.readouterr().err
    assert tool_main('zoo', 'fetch') == 2
    assert "invalid choice: 'fetch'" in capsys.readouterr().err


def test_released_models_say_whose_they_are(tool_main, capsys):
    name = 'cpm-rcnn_r50_fpn_2x_coco_released'
    assert tool_main('zoo', 'list') == 0
    assert f'{name}  converted from the authors of CPM R-CNN' in capsys.readouterr().out
    assert tool_main('zoo', 'info', name) == 0
    out = capsys.readouterr().out
    assert 'box AP 41.7' in out
    assert 'license     none stated' in out
    assert (
        'https://drive.google.com/file/d/1mwSGGziQNpq7mvRz7OlOIdfklJQBgDr9/view' in out
    )


def test_a_hash_is_of_one_file(tool_main, capsys):
    names = ['d2det_r50_fpn_2x_coco_released', 'd2det_r101_fpn_2x_coco_released']
    assert tool_main('zoo', 'download', *names, '--sha256', 'ab' * 32) == 2
    assert '--sha256 is that of one file' in capsys.readouterr().err
    assert tool_main('zoo', 'download', *names, '--file', 'x.pth') == 2
    assert '--file is that of one file' in capsys.readouterr().err
