import numpy as np
import pytest
from PIL import Image

from mmdet_plus.datasets.checking.truncation import LENGTH_OF_END, may_be_cut

FORMATS = ('jpg', 'png', 'bmp', 'tif')


def is_cut(path):
    with Image.open(path) as image:
        return may_be_cut(image, str(path))


def write(path, **options):
    picture = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    Image.fromarray(picture).save(path, **options)
    return path.read_bytes()


@pytest.mark.parametrize('suffix', FORMATS)
def test_ends(tmp_path, suffix):
    path = tmp_path / f'a.{suffix}'
    whole = write(path)
    assert not is_cut(path)
    path.write_bytes(whole + bytes(LENGTH_OF_END // 2))
    assert not is_cut(path)
    for missing in (2, 500):
        path.write_bytes(whole[:-missing])
        assert is_cut(path)


@pytest.mark.parametrize('suffix', ['jpg', 'png'])
def test_much_behind_the_end_hides_it(tmp_path, suffix):
    path = tmp_path / f'a.{suffix}'
    path.write_bytes(write(path) + bytes(2 * LENGTH_OF_END))
    assert is_cut(path)


def test_formats_that_tell_nothing(tmp_path):
    path = tmp_path / 'a.ppm'
    path.write_bytes(write(path)[:-9])
    assert not is_cut(path)


def test_compressed_strips_of_tiff(tmp_path):
    path = tmp_path / 'a.tif'
    write(path, compression='tiff_lzw')
    assert not is_cut(path)
