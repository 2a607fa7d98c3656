import json
import shutil

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
    rows = {line[:24].strip(): line[24:].split('  ') for line in text.splitlines()}
    cells = {
        title: [c.strip() for c in row if c.strip()] for title, row in rows.items()
    }
    assert cells['images'] == ['3', '2']
    assert cells['objects'] == ['5', '2']
    assert cells['images without objects'] == ['0', '1']
    assert cells['small'] == ['5', '2']
    assert cells['image size'] == ['40 x 20', '40 x 20']
    assert cells['objects per image'] == ['1 / 2 / 2', '0 / 1 / 2']
    assert cells['root of the area, px'] == ['7.07 / 11 / 17.3', '8 / 8 / 8']
    assert cells['width : height'] == ['1 / 1.33 / 2', '1 / 1 / 1']
    assert (cells['cat'], cells['dog']) == (['3', '2'], ['2', '0'])
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


def test_only_the_whole_check_decodes_images(tool_main, tmp_path, capsys):
    root = write(tmp_path / 'data')
    path = root / 'images/train/a.png'
    write_image(path)
    (root / 'images/train/a.jpg').unlink()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    assert tool_main('check_data', root, '--fast') == 0
    assert tool_main('check_data', root) == 2
    assert '1 images cannot be read' in capsys.readouterr().out


def test_a_config_gives_anchors_and_the_size_of_the_input(tool_main, tmp_path, capsys):
    root = write(tmp_path / 'data')
    config = tmp_path / 'c.py'
    generator = "dict(type='AnchorGenerator', strides=[8], ratios=[1.0], scales=[1.0])"
    config.write_text(
        f'model = dict(rpn_head=dict(anchor_generator={generator}))\n'
        "pipeline = [dict(type='Resize', scale=(10, 20))]\n"
        "dataset = dict(type='CocoDataset', pipeline=pipeline)\n"
        'test_dataloader = dict(dataset=dataset)\n'
    )
    assert tool_main('check_data', root) == 0
    assert 'anchors,' not in capsys.readouterr().out
    assert tool_main('check_data', root, '--config', config) == 0
    text = capsys.readouterr().out
    # Half as large: 5x5, 10x7.5, 5x2.5 and 10x5 in training, twice 4x4 to validate.
    assert 'anchors, train: IoU 0.5: 50.0%, IoU 0.7: 25.0% of the objects' in text
    assert 'anchors, val: IoU 0.5: 0.0%, IoU 0.7: 0.0% of the objects' in text
    assert 'train: 1 boxes that are below 4 px in the input of the network' in text


def test_copies_have_a_picture_and_names(tool_main, tmp_path, capsys):
    root, out = write(tmp_path / 'data'), tmp_path / 'out'
    shutil.copy(root / 'images/train/a.jpg', root / 'images/val/d.jpg')
    assert tool_main('check_data', root, '--fast', '--out', out) == 2
    assert f'({root}/images/val/d.jpg = {root}/images' in capsys.readouterr().out
    found = json.loads((out / 'data.json').read_text())['findings'][0]
    assert found['images'] == ['images/val/d.jpg']
    assert (out / 'pictures/0_0.jpg').is_file()
