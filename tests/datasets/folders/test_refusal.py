import json

import pytest
from samples.labelled_folders import write_coco, write_image, write_voc, write_yolo

from mmdet_plus.datasets.folders import recognise
from mmdet_plus.errors import UserError


def refused(root):
    with pytest.raises(UserError, match='what is recognised') as caught:
        recognise(str(root))
    return str(caught.value).splitlines()[0]


def test_yolo_without_names(tmp_path):
    root = write_yolo(tmp_path / 'data', 'images/{split}', '')
    (root / 'data.yaml').unlink()
    assert 'nothing names the classes. Add classes.txt' in refused(root)


def test_labelme(tmp_path):
    write_image(tmp_path / 'data/a.jpg')
    content = dict(shapes=[], imagePath='a.jpg', version='5')
    (tmp_path / 'data/a.json').write_text(json.dumps(content))
    assert "LabelMe's files must be converted" in refused(tmp_path / 'data')


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('a.json', '{"samples": []}', "FiftyOne's own export is not read: export COCO"),
        ('labels.json', '{"classes": ["a"], "labels": {}}', "FiftyOne's own export"),
        ('a.json', '{"_via_img_metadata": {}}', "VIA's project must be converted"),
        ('a.json', '{"a.jpg1": {"regions": []}}', "VIA's annotations must be"),
        ('a.json', '[{"id": 1, "annotations": []}]', "Label Studio's JSON is not read"),
        ('a.jpg.json', '{"objects": [], "size": {}}', "Supervisely's files must be"),
        ('_annotations.csv', 'filename,width', 'tables (_annotations.csv) must be'),
        ('a.tfrecord', '', 'TFRecord files must be converted'),
        ('_annotations.createml.json', '[]', "CreateML's files must be converted"),
        (
            'a.xml',
            '<?xml version="1.0"?>\n<annotations/>',
            'own XML is not read: export',
        ),
        ('a.json', '{', '1 images, such as a.jpg, but no annotations'),
        ('a.json', '[3]', '1 images, such as a.jpg, but no annotations'),
        ('a.json', '{"a": 3}', '1 images, such as a.jpg, but no annotations'),
    ],
)
def test_files_of_other_tools(tmp_path, name, content, message):
    write_image(tmp_path / 'a.jpg')
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError) as caught:
        recognise(str(tmp_path))
    assert message in str(caught.value)


def test_images_that_are_not_read(tmp_path):
    (tmp_path / 'b.heic').write_bytes(b'')
    (tmp_path / 'a.gif').write_bytes(b'')
    message = '2 images of types that are not read, such as a.gif; save them as .jpg'
    assert message in refused(tmp_path)


@pytest.mark.parametrize('name', ['data', 'some/data'])
@pytest.mark.parametrize('data_format', ['coco', 'yolo', 'voc'])
def test_a_folder_above_the_data(tmp_path, data_format, name):
    root = tmp_path / name
    if data_format == 'coco':
        write_coco(root, 'annotations/{split}.json', '{split}')
    elif data_format == 'yolo':
        write_yolo(root, 'images/{split}', 'names: [cat, dog]\n')
    elif name == 'data':
        assert recognise(str(write_voc(root).parent)).format == 'VOC'
        return
    else:
        write_voc(root)
    with pytest.raises(UserError) as caught:
        recognise(str(tmp_path))
    assert str(caught.value).startswith(
        f'{tmp_path} is no labelled data itself, but below it there are: give '
    )
    assert str(root if data_format != 'voc' else root.parent) in str(caught.value)


def test_a_folder_above_several_data(tmp_path):
    for name in 'ab':
        write_yolo(tmp_path / name, 'images/{split}', 'names: [cat, dog]\n')
    with pytest.raises(UserError, match=f'give one of {tmp_path}/a, {tmp_path}/b$'):
        recognise(str(tmp_path))


def test_images_alone_and_nothing(tmp_path):
    assert refused(tmp_path).endswith('holds no labelled images; what is recognised:')
    write_image(tmp_path / 'below/a.jpg')
    assert '1 images, such as below/a.jpg, but no annotations' in refused(tmp_path)
