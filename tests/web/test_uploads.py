import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mmdet_plus.errors import UserError
from mmdet_plus.web.uploads import Limits, read_upload


def upload(tmp_path, content, name='a.png'):
    path = tmp_path / 'own' / name
    path.parent.mkdir()
    path.write_bytes(content)
    return path


def encoded(pixels, kind='png', **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def test_pixels_are_rgb_and_the_file_is_gone(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    path = upload(tmp_path, encoded(pixels))
    np.testing.assert_array_equal(read_upload(path, Limits()), pixels)
    assert not path.parent.exists()


def test_gray_and_turned_images(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    content = encoded(np.full((4, 9), 7, np.uint8), exif=exif)
    image = read_upload(upload(tmp_path, content), Limits())
    assert image.shape == (9, 4, 3)
    assert (image == 7).all()


SQUARE = np.zeros((40, 40, 3), np.uint8)


@pytest.mark.parametrize(
    ('content', 'limits', 'message'),
    [
        (b'no image', Limits(), 'cannot be read'),
        (b'', Limits(), 'cannot be read'),
        (encoded(SQUARE)[:-30], Limits(), 'cannot be read'),
        (encoded(SQUARE, 'gif'), Limits(), 'cannot be read'),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', Limits(), 'cannot be read'),
        (encoded(SQUARE), Limits(megapixels=0.001), '40 x 40 pixels; at most 0.001'),
        (encoded(SQUARE), Limits(megabytes=1e-5), 'at most 1e-05 are taken'),
        (encoded(SQUARE[:1]), Limits(), '40 x 1 pixels, too few'),
    ],
)
def test_what_is_refused_is_gone_too(tmp_path, content, limits, message):
    path = upload(tmp_path, content)
    with pytest.raises(UserError, match=message):
        read_upload(path, limits)
    assert not path.parent.exists()


def test_a_small_file_of_many_pixels_is_not_unpacked(tmp_path, monkeypatch):
    content = bytearray(encoded(SQUARE))
    content[16:24] = (60000).to_bytes(4, 'big') * 2
    import zlib

    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, 'big')
    monkeypatch.setattr(Image.Image, 'convert', None)
    with pytest.raises(UserError, match='too many pixels'):
        read_upload(upload(tmp_path, bytes(content)), Limits())


@pytest.mark.parametrize('bits', [12, 16])
def test_gray_of_more_bits_is_scaled(bits, tmp_path):
    values = np.array([[0, 1], [1, 0]], np.uint16) * (2**bits - 1)
    image = read_upload(upload(tmp_path, encoded(values)), Limits())
    assert image[..., 0].tolist() == [[0, 255], [255, 0]]


def test_colours_that_cannot_be_read_are_named(tmp_path):
    content = cv2.imencode('.png', np.full((2, 2, 3), 4000, np.uint16))[1].tobytes()
    with pytest.raises(UserError, match='the image uses 12 or less of its 16 bits'):
        read_upload(upload(tmp_path, content), Limits())
