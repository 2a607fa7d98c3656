import json

from PIL import Image


def make_tree(root):
    (root / 'images' / 'M0101').mkdir(parents=True)
    Image.new('RGB', (96, 54)).save(root / 'images' / 'M0101' / 'img000001.jpg')
    (root / 'GT').mkdir()
    (root / 'GT' / 'M0101_gt_whole.txt').write_text('1,4,10,20,30,12,1,1,1\n')
    (root / 'train').mkdir()
    (root / 'train' / 'M0101_attr.txt').write_text('')


def test_writes_a_coco_file(tool_main, tmp_path, capsys):
    make_tree(tmp_path)
    name = 'dataset_converters/uavdt2coco'
    assert tool_main(name, 'images', 'GT', 'train', 'out/train.json') == 0
    coco = json.loads((tmp_path / 'out' / 'train.json').read_text())
    assert [a['bbox'] for a in coco['annotations']] == [[10, 20, 30, 12]]
    assert 'out/train.json: 1 images, 1 boxes' in capsys.readouterr().out


def test_malformed_data_are_one_message_and_no_file(tool_main, tmp_path, capsys):
    make_tree(tmp_path)
    (tmp_path / 'GT' / 'M0101_gt_whole.txt').write_text('1,4,10,20\n')
    name = 'dataset_converters/uavdt2coco'
    assert tool_main(name, 'images', 'GT', 'train', 'out/train.json') == 2
    message = 'error: GT/M0101_gt_whole.txt, line 1: 9 numbers expected, got 4'
    assert message in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()
