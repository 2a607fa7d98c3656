import json

import cv2
import numpy as np
from pycocotools import mask as coco_mask

CONVERT, MERGE = 'dataset_converters/isaid2coco', 'dataset_converters/merge_isaid_tiles'


def make_split(root, annotations='images'):
    """One image of 90 x 40 pixels with a ship in two tiles of 50 pixels."""
    (root / 'val' / 'images').mkdir(parents=True)
    (root / 'val' / annotations).mkdir(parents=True, exist_ok=True)
    ids, colours = np.zeros((2, 40, 90, 3), dtype=np.uint8)
    ids[5:15, 42:48], colours[5:15, 42:48] = 7, (63, 0, 0)  # OpenCV writes BGR
    cv2.imwrite(str(root / 'val' / 'images' / 'P1.png'), np.full_like(ids, 99))
    for image, kind in ((ids, 'id'), (colours, 'color')):
        path = root / 'val' / annotations / f'P1_instance_{kind}_RGB.png'
        cv2.imwrite(str(path), image)
    return ids[..., 0] == 7


def convert(tool_main, *options):
    return tool_main(CONVERT, 'val', 'out/val', '--size', '50', *options)


def test_tiles_and_back(tool_main, tmp_path, capsys):
    ship = make_split(tmp_path, 'Instance_masks/images')
    assert convert(tool_main, '--overlap', '10') == 0
    assert '2 tiles, 2 instances' in capsys.readouterr().out
    annotations = tmp_path / 'out' / 'val' / 'instancesonly_filtered_val.json'
    coco = json.loads(annotations.read_text())
    images = {image['file_name'] for image in coco['images']}
    assert images == {'P1_0_0.png', 'P1_40_0.png'}
    for image in coco['images']:
        tile = cv2.imread(str(tmp_path / 'out' / 'val' / 'images' / image['file_name']))
        assert tile.shape == (40, 50, 3)
    # Perfect detections of the tiles are one perfect detection of the image.
    found = [{**entry, 'score': 0.9} for entry in coco['annotations']]
    (tmp_path / 'results.segm.json').write_text(json.dumps(found))
    assert tool_main(MERGE, 'results.segm.json', annotations, 'whole.json') == 0
    (whole,) = json.loads((tmp_path / 'whole.json').read_text())
    assert np.array_equal(coco_mask.decode(whole['segmentation']), ship)
    assert (whole['category_id'], whole['bbox']) == (1, [42, 5, 6, 10])
    ids = json.loads((tmp_path / 'whole.ids.json').read_text())
    assert ids['images'] == [dict(id=whole['image_id'], file_name='P1.png')]
    assert ids['categories'] == coco['categories']


def test_a_split_without_annotations_and_the_ids_of_a_server(
    tool_main, tmp_path, capsys
):
    make_split(tmp_path)
    for path in (tmp_path / 'val' / 'images').glob('*_instance_*'):
        path.unlink()
    assert convert(tool_main, '--overlap', '10', '--images-only') == 0
    assert '2 tiles, 0 instances' in capsys.readouterr().out
    annotations = tmp_path / 'out' / 'val' / 'instancesonly_filtered_val.json'
    tile = json.loads(annotations.read_text())['images'][0]
    found = dict(image_id=tile['id'], category_id=1, bbox=[2, 3, 4, 5], score=0.5)
    (tmp_path / 'results.json').write_text(json.dumps([found]))
    official = dict(
        images=[dict(id=70, file_name='P1.png')],
        categories=[dict(id=5, name='ship'), dict(id=1, name='plane')],
    )
    (tmp_path / 'official.json').write_text(json.dumps(official))
    arguments = ['results.json', annotations, 'whole.json', '--official']
    assert tool_main(MERGE, *arguments, 'official.json') == 0
    (whole,) = json.loads((tmp_path / 'whole.json').read_text())
    assert whole == found | dict(image_id=70, category_id=5)
    assert not (tmp_path / 'whole.ids.json').exists()
    official['categories'] = []
    (tmp_path / 'official.json').write_text(json.dumps(official))
    assert tool_main(MERGE, *arguments, 'official.json') == 2
    assert "annotation file has no 'ship'" in capsys.readouterr().err


def test_what_is_wrong_is_one_message(tool_main, tmp_path, capsys):
    assert convert(tool_main) == 2
    assert 'error: overlap must be in [0, 50), got 200' in capsys.readouterr().err
    assert convert(tool_main, '--overlap', '10') == 2
    assert 'error: val/images holds no png image' in capsys.readouterr().err
    make_split(tmp_path)
    (tmp_path / 'val' / 'images' / 'P1_instance_id_RGB.png').unlink()
    assert convert(tool_main, '--overlap', '10') == 2
    assert 'P1_instance_id_RGB.png does not exist' in capsys.readouterr().err
    found = dict(image_id=4, category_id=1, bbox=[0, 0, 2, 2], score=0.5)
    (tmp_path / 'results.json').write_text(json.dumps([found]))
    annotations = dict(images=[], categories=[])
    (tmp_path / 'annotations.json').write_text(json.dumps(annotations))
    assert tool_main(MERGE, 'results.json', 'annotations.json', 'whole.json') == 2
    assert 'no tile has the id 4' in capsys.readouterr().err
    assert not (tmp_path / 'whole.json').exists()


def test_an_interruption_leaves_nothing(tool_main, tmp_path, capsys, monkeypatch):
    make_split(tmp_path)
    encode, calls = cv2.imencode, []

    def break_off(*args):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return encode(*args)

    with monkeypatch.context() as patch:
        patch.setattr(cv2, 'imencode', break_off)
        assert convert(tool_main, '--overlap', '10') == 130
    assert list((tmp_path / 'out').iterdir()) == []
    assert convert(tool_main, '--overlap', '10') == 0
    capsys.readouterr()
    assert convert(tool_main, '--overlap', '20') == 2
    assert 'out/val holds files; remove it' in capsys.readouterr().err
    assert len(list((tmp_path / 'out' / 'val' / 'images').iterdir())) == 2


def test_the_working_folder_has_a_name_too(tool_main, tmp_path, monkeypatch):
    make_split(tmp_path)
    (tmp_path / 'tiles').mkdir()
    monkeypatch.chdir(tmp_path / 'tiles')
    assert tool_main(CONVERT, '../val', '.') == 0
    assert (tmp_path / 'tiles' / 'instancesonly_filtered_tiles.json').is_file()


def test_files_of_another_kind_are_named(tool_main, tmp_path, capsys):
    (tmp_path / 'list.json').write_text('[]')
    (tmp_path / 'boxless.json').write_text('[{"image_id": 1, "score": 0.5}]')
    (tmp_path / 'coco.json').write_text('{"images": [], "categories": []}')

    def error_of(*argv):
        assert tool_main(MERGE, *argv, 'whole.json') == 2
        return capsys.readouterr().err

    for results in ('coco.json', 'boxless.json'):
        assert f'{results} is not a result file' in error_of(results, 'coco.json')
    assert 'list.json is not an annotation' in error_of('list.json', 'list.json')
    official = ('--official', 'list.json', 'list.json', 'coco.json')
    assert 'list.json is not an annotation' in error_of(*official)
    assert '--iou must be in [0, 1]' in error_of('--iou', 7, 'list.json', 'coco.json')
