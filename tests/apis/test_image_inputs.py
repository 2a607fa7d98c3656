import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from mmdet_plus.apis.image_inputs import (
    deep_values,
    distinct_names,
    list_inputs,
    scaled,
)
from mmdet_plus.errors import UserError

BLUE = np.full((4, 6, 3), (255, 0, 0), np.uint8)  # in BGR


@pytest.fixture
def folder(tmp_path):
    for name in ('b.png', 'A.JPG', 'notes.txt'):
        cv2.imwrite(str(tmp_path / 'x.png'), BLUE)
        (tmp_path / 'x.png').rename(tmp_path / name)
    (tmp_path / 'c.png').mkdir()
    return tmp_path


def test_folders_are_read_whatever_the_case_of_suffixes(folder):
    names = [str(folder / 'A.JPG'), str(folder / 'b.png')]
    assert list_inputs(folder) == list_inputs(str(folder)) == names


def test_paths_and_addresses_become_texts(folder):
    url = 'https://example.com/a.jpg'
    path = folder / 'b.png'
    assert list_inputs([path, url]) == [str(path), url]
    assert list_inputs(path) == [str(path)]


@pytest.mark.parametrize(
    ('image', 'pixel'),
    [
        (Image.new('RGB', (6, 4), (0, 0, 255)), (255, 0, 0)),
        (Image.new('L', (6, 4), 7), (7, 7, 7)),
        (Image.new('RGBA', (6, 4), (1, 2, 3, 0)), (3, 2, 1)),
        (BLUE, (255, 0, 0)),
        (BLUE[..., 0], (255, 255, 255)),
        (BLUE[..., :1], (255, 255, 255)),
        (np.dstack([BLUE, BLUE[..., :1]]), (255, 0, 0)),
        (BLUE.astype(np.int64), (255, 0, 0)),
        (BLUE.astype(np.float32) - 0.6, (254, 0, 0)),
        (BLUE.astype(np.uint16) * 257, (255, 0, 0)),
    ],
)
def test_images_become_bytes_in_bgr(image, pixel):
    if isinstance(image, np.ndarray) and image.dtype == np.float32:
        image = image.clip(0)
    (read,), _ = scaled(list_inputs(image))
    assert read.shape == (4, 6, 3)
    assert read.dtype == np.uint8
    assert (read == pixel).all()


def test_gray_pictures_of_16_bits_keep_their_upper_bits():
    pixels = np.array([[0, 256], [40000, 65535]], np.uint16)
    (found,), depth = scaled(list_inputs(Image.fromarray(pixels)))
    assert depth == 16
    assert found[..., 0].tolist() == [[0, 1], [156, 255]]


def test_pictures_given_together_have_one_depth(tmp_path):
    dim = np.full((4, 6, 3), 4080, np.uint16)
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, dim)
    (array, name, same), depth = scaled([dim, path, BLUE])
    assert (depth, name) == (12, path)
    assert (array == 255).all()
    assert same is BLUE
    cv2.imwrite(path, dim + 16)  # no longer of 12 bits
    (array, _), depth = scaled([dim, path])
    assert depth == 16
    assert (array == 15).all()


def test_values_of_deep_files_are_told(tmp_path):
    for name, pixels in {'a.png': BLUE, 'b.png': BLUE.astype(np.uint16) * 16}.items():
        cv2.imwrite(str(tmp_path / name), pixels)
    (tmp_path / 'c.png').write_text('no image')
    found = deep_values(str(tmp_path / 'b.png'))
    assert found.dtype == np.uint16
    assert (found == BLUE.astype(np.uint16) * 16).all()
    for other in (tmp_path / 'a.png', tmp_path / 'c.png', 'https://example.com/b.png'):
        assert deep_values(str(other)) is None


def test_values_of_files_of_any_name_are_told(tmp_path):
    path = tmp_path / 'Straße 写真.png'
    values = np.full((4, 6, 3), 4080, np.uint16)
    path.write_bytes(cv2.imencode('.png', values)[1].tobytes())
    assert (deep_values(str(path)) == values).all()


def test_what_opencv_refuses_is_left_to_who_reads_it(tmp_path, monkeypatch):
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, np.full((4, 6, 3), 4080, np.uint16))

    def refuse(*_):
        raise cv2.error('too many pixels')

    monkeypatch.setattr(cv2, 'imdecode', refuse)
    assert deep_values(path) is None


def test_colours_of_pillow_count_with_the_others():
    full = Image.open(
        io.BytesIO(
            cv2.imencode('.png', np.full((4, 6, 3), 65535, np.uint16))[1].tobytes()
        )
    )
    dim = np.full((4, 6), 4080, np.uint16)
    (first, second), depth = scaled(list_inputs([full, dim]))
    assert depth == 16
    assert (first == 255).all()
    assert (second == 15).all()


def test_pillow_images_of_32_bits_are_refused():
    with pytest.raises(UserError, match='the input has 32 bits a channel'):
        list_inputs(Image.new('F', (6, 4)))


def test_pictures_of_cameras_are_turned(tmp_path):
    picture = Image.new('RGB', (6, 4))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / 'a.jpg', exif=exif)
    (read,) = list_inputs(Image.open(tmp_path / 'a.jpg'))
    assert read.shape == (6, 4, 3)


@pytest.mark.parametrize(
    ('image', 'message'),
    [
        (None, 'the input is a NoneType: it must be a path'),
        ({'a': 1}, 'the input is a dict'),
        (b'abc', 'the input is a bytes'),
        (torch.zeros(3, 4, 6), r'is a Tensor.*give tensor\.numpy\(\)'),
        (np.zeros((0, 4, 3), np.uint8), r'has the shape \(0, 4, 3\)'),
        (np.zeros((3, 4, 6), np.uint8), r'has the shape \(3, 4, 6\)'),
        (np.zeros((1, 4, 6, 3), np.uint8), r'has the shape \(1, 4, 6, 3\)'),
        (np.full((4, 6, 3), 0.5), r'values in 0\.\.1; pixels are 0\.\.255: multiply'),
        (np.full((4, 6, 3), np.nan), 'has values from nan to nan'),
        (np.full((4, 6), -1), 'has values from -1 to -1'),
        (np.full((4, 6), 300), 'has values from 300 to 300'),
        (np.zeros((4, 6), bool), 'an array of bool'),
        ('', r'an empty text\) does not exist'),
        (Path('absent.png'), r'absent\.png does not exist'),
        ([BLUE, None], 'input 1 is a NoneType'),
        ([BLUE, '.'], r'\. is a folder'),
    ],
)
def test_what_is_no_image_is_named(image, message):
    with pytest.raises(UserError, match=message):
        list_inputs(image)


def test_a_folder_without_images(tmp_path):
    with pytest.raises(UserError, match='holds no image'):
        list_inputs(tmp_path)


def test_names_are_distinct():
    names = distinct_names(['x/a.jpg', 'x/a.png', 'y/a.jpg', 'y/A.png', 'b.jpg'])
    assert names['x/a.jpg'] == 'a'
    assert names['x/a.png'] == 'a_png'
    assert names['b.jpg'] == 'b'
    assert len({name.lower() for name in names.values()}) == 5
