import json

import pytest
from samples.labelled_folders import write_image, write_yolo

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


def test_images_alone_and_nothing(tmp_path):
    assert refused(tmp_path).endswith('holds no labelled images; what is recognised:')
    write_image(tmp_path / 'below/a.jpg')
    assert '1 images, such as below/a.jpg, but no annotations' in refused(tmp_path)
