import json

from samples.labelled_folders import write_image, write_yolo


def write(root):
    return write_yolo(root, 'images/{split}', 'names: [cat, dog]\n')


def test_tables_json_and_page(tool_main, tmp_path, capsys):
    root, out = write(tmp_path / 'data'), tmp_path / 'out'
    path = root / 'labels/train/b.txt'
    path.write_text(path.read_text() + '\n0 0.95 0.5 0.3 0.5\n')
    assert tool_main('check_data', root, '--out', out) == 0
    text = capsys.readouterr().out
    assert 'YOLO format, 2 classes' in text
    assert 'b.txt, line 2' in text
    content = json.loads((out / 'data.json').read_text())
    assert content['splits']['train']['objects'] == 5
    (found,) = [one for one in content['findings'] if one['split'] == 'train']
    assert found['level'] == 'warning'
    page = (out / 'index.html').read_text()
    assert 'leave their image' in page
    assert (out / 'pictures' / '0_0.jpg').is_file()
    assert (out / 'distributions.png').stat().st_size > 1000


def test_errors_end_badly(tool_main, tmp_path, capsys):
    root = write(tmp_path / 'data')
    (root / 'images/val/d.jpg').write_bytes(b'')
    assert tool_main('check_data', root, '--fast') == 2
    captured = capsys.readouterr()
    assert 'error: val: 1 images cannot be read' in captured.out
    assert '1 errors, see above' in captured.err
    write_image(root / 'images/val/d.jpg')


def test_nothing_is_written_for_other_folders(tool_main, tmp_path, capsys):
    (tmp_path / 'empty').mkdir()
    assert tool_main('check_data', tmp_path / 'empty', '--out', tmp_path / 'out') == 2
    assert 'no labelled images' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()
