import json

import cv2
import numpy as np
import pytest

from mmdet_plus.datasets.shapes.creation import ShapesSpec, create_shapes, encode_jpeg
from mmdet_plus.datasets.shapes.formats import decode_segmentation
from mmdet_plus.datasets.shapes.generation import draw_scene

SPEC = ShapesSpec(num_train=4, num_val=2, image_size=96)


def contents(root) -> dict[str, bytes]:
    files = [path for path in root.rglob('*') if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


@pytest.fixture
def made(tmp_path):
    assert create_shapes(tmp_path / 'made', SPEC)
    return tmp_path / 'made'


@pytest.mark.parametrize('kind', ['coco', 'voc', 'yolo'])
def test_two_runs_write_the_same_bytes(tmp_path, kind):
    spec = ShapesSpec(num_train=3, num_val=2, image_size=64, format=kind)
    create_shapes(tmp_path / 'one', spec)
    create_shapes(tmp_path / 'two', spec)
    assert contents(tmp_path / 'one') == contents(tmp_path / 'two')
    assert sum(name.endswith('.jpg') for name in contents(tmp_path / 'one')) == 5


def test_more_images_leave_the_first_ones_alone(made, tmp_path):
    create_shapes(tmp_path / 'more', ShapesSpec(num_train=6, num_val=3, image_size=96))
    few, more = contents(made), contents(tmp_path / 'more')
    images = [name for name in few if name.endswith('.jpg')]
    assert len(images) == 6
    assert all(few[name] == more[name] for name in images)
    few_json, more_json = (
        json.loads(files['annotations/train.json']) for files in (few, more)
    )
    for key in ('images', 'annotations'):
        assert more_json[key][: len(few_json[key])] == few_json[key]


def test_files_agree_with_the_drawing(made):
    scene = draw_scene(0, 'train', 1, 96)
    content = json.loads((made / 'annotations' / 'train.json').read_text())
    assert content['images'][1]['file_name'] == 'train_000001.jpg'
    image = cv2.imread(str(made / 'train' / 'train_000001.jpg'))
    assert np.abs(image.astype(int) - scene.image).mean() < 8
    annotations = [ann for ann in content['annotations'] if ann['image_id'] == 2]
    for ann, instance in zip(annotations, scene.instances, strict=True):
        x, y, width, height = ann['bbox']
        assert (x, y, x + width, y + height) == instance.bbox
        assert ann['area'] == instance.mask.sum()
        decoded = decode_segmentation(ann['segmentation'], 96, 96)
        union = (decoded | instance.mask).sum()
        assert (decoded & instance.mask).sum() > 0.93 * union


def test_jpeg_keeps_brightness():
    """Only gray values are compared: JPEG stores colour at half the resolution."""
    image = draw_scene(0, 'val', 0, 256).image
    decoded = cv2.imdecode(np.frombuffer(encode_jpeg(image), np.uint8), 1)
    grays = [cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY) for pixels in (image, decoded)]
    assert cv2.PSNR(*grays) > 42.5


def test_same_data_are_not_drawn_again(made):
    before = (made / 'meta.json').stat().st_mtime_ns
    assert not create_shapes(made, SPEC)
    assert (made / 'meta.json').stat().st_mtime_ns == before


def test_other_arguments_are_refused_without_overwrite(made):
    other = ShapesSpec(num_train=1, num_val=1, image_size=64)
    before = contents(made)
    with pytest.raises(FileExistsError, match='other arguments'):
        create_shapes(made, other)
    assert contents(made) == before
    assert create_shapes(made, other, overwrite=True)
    assert len(list(made.glob('train/*.jpg'))) == 1
    assert [path.name for path in made.parent.iterdir()] == ['made']


@pytest.mark.parametrize('overwrite', [False, True])
def test_foreign_files_are_never_replaced(tmp_path, overwrite):
    (tmp_path / 'thesis.txt').write_text('mine')
    with pytest.raises(FileExistsError, match='other files'):
        create_shapes(tmp_path, SPEC, overwrite=overwrite)
    assert contents(tmp_path) == {'thesis.txt': b'mine'}


def test_file_in_the_way(tmp_path):
    (tmp_path / 'out').write_text('')
    with pytest.raises(FileExistsError, match='not a folder'):
        create_shapes(tmp_path / 'out', SPEC, overwrite=True)


def test_empty_folder_is_filled(tmp_path):
    (tmp_path / 'out').mkdir()
    assert create_shapes(tmp_path / 'out', SPEC)
    assert len(list(tmp_path.glob('out/val/*.jpg'))) == 2


@pytest.mark.parametrize('overwrite', [False, True])
def test_interrupted_run_leaves_nothing_half_written(made, overwrite):
    def interrupt(tasks):
        yield tasks[0]
        raise KeyboardInterrupt

    before = contents(made)
    out_dir = made if overwrite else made.parent / 'new'
    other = ShapesSpec(num_train=2, num_val=1, image_size=64)
    with pytest.raises(KeyboardInterrupt):
        create_shapes(out_dir, other, overwrite=overwrite, track=interrupt)
    assert [path.name for path in made.parent.iterdir()] == ['made']
    assert contents(made) == before


@pytest.mark.parametrize(
    ('argument', 'value'),
    [
        ('num_train', 0),
        ('num_val', -1),
        ('image_size', 31),
        ('image_size', 5000),
        ('seed', -1),
        ('format', 'tfrecord'),
        ('version', 3),
    ],
)
def test_bad_values_are_named(argument, value):
    with pytest.raises(ValueError, match=rf'{argument} .*{value}'):
        ShapesSpec(**{argument: value})
