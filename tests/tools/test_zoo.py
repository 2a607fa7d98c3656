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
