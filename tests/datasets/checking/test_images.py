import numpy as np
import pytest
from PIL import Image

from mmdet_plus.datasets.checking import check_images

SIZE = (12, 8)


def messages(tmp_path, name, *, pixels=True, stated=SIZE):
    image = dict(file_name=name, width=stated[0], height=stated[1])
    found = check_images([image], str(tmp_path), pixels=pixels)
    return [(one.is_error, one.message) for one in found]


def save(tmp_path, name, mode='RGB', **options):
    Image.new(mode, SIZE).save(tmp_path / name, **options)


def test_usual_images_are_fine(tmp_path):
    save(tmp_path, 'a.jpg')
    assert messages(tmp_path, 'a.jpg') == []


@pytest.mark.parametrize(
    ('mode', 'name', 'word'),
    [
        ('L', 'a.png', 'gray'),
        ('RGBA', 'a.png', 'alpha'),
        ('CMYK', 'a.jpg', 'CMYK'),
        ('I;16', 'a.png', '16 bits'),
    ],
)
def test_unusual_images_are_named(tmp_path, mode, name, word):
    save(tmp_path, name, mode)
    ((is_error, message),) = messages(tmp_path, name)
    assert not is_error
    assert word in message


def test_twelve_bits_in_sixteen_would_be_black(tmp_path):
    pixels = np.full(SIZE[::-1], 3000, np.uint16)
    Image.fromarray(pixels).save(tmp_path / 'a.png')
    ((is_error, message),) = messages(tmp_path, 'a.png')
    assert is_error
    assert 'nearly black' in message


def test_sizes_are_those_of_the_turned_image(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    save(tmp_path, 'a.jpg', exif=exif)
    (turned,) = messages(tmp_path, 'a.jpg', stated=SIZE[::-1])
    assert not turned[0]
    assert 'turned by their EXIF' in turned[1]
    swapped, _ = messages(tmp_path, 'a.jpg')
    assert swapped[0]
    assert 'width and height exchanged' in swapped[1]


def test_other_sizes(tmp_path):
    save(tmp_path, 'a.jpg')
    ((is_error, message),) = messages(tmp_path, 'a.jpg', stated=(13, 8))
    assert is_error
    assert 'another size' in message


@pytest.mark.parametrize('content', [None, b'', b'abc', 'half'])
def test_broken_images_are_named(tmp_path, content):
    save(tmp_path, 'b.png')
    whole = (tmp_path / 'b.png').read_bytes()
    if content is not None:
        half = whole[: len(whole) - 30]
        (tmp_path / 'a.png').write_bytes(half if content == 'half' else content)
    ((is_error, message),) = messages(tmp_path, 'a.png')
    assert is_error
    assert message == '1 images cannot be read'
