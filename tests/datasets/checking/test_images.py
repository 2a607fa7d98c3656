import cv2
import mmcv
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


def test_gray_images_may_have_alpha(tmp_path):
    save(tmp_path, 'a.png', 'LA')
    gray, alpha = messages(tmp_path, 'a.png')
    assert 'gray' in gray[1]
    assert 'alpha' in alpha[1]


def test_an_unknown_orientation_is_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 0
    save(tmp_path, 'a.jpg', exif=exif)
    assert messages(tmp_path, 'a.jpg') == []


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


def ramp(depth):
    values = np.linspace(0, 2**depth - 1, SIZE[0] * SIZE[1]).reshape(SIZE[::-1])
    return np.stack([values, values[::-1], values], 2).astype(np.uint16)


@pytest.mark.parametrize('pixels', [True, False])
@pytest.mark.parametrize('name', ['a.tif', 'a.png', 'a.ppm'])
@pytest.mark.parametrize('channels', [1, 3, 4])
def test_colours_of_16_bits(tmp_path, name, channels, pixels):
    if channels != 3 and name == 'a.ppm':
        return
    for depth, is_dark in ((16, False), (12, True)):
        values = np.dstack([ramp(depth), np.full(SIZE[::-1], 65535, np.uint16)])
        cv2.imwrite(str(tmp_path / name), values[..., :channels])
        found = messages(tmp_path, name, pixels=pixels)
        (deep,) = [one for one in found if 'have 16 bits' in one[1]]
        assert deep[0] == is_dark
    read = mmcv.imread(str(tmp_path / name))
    assert read.max() <= 16


@pytest.mark.parametrize('mode', ['F', 'I'])
def test_images_of_32_bits_are_refused(tmp_path, mode):
    save(tmp_path, 'a.tif', mode)
    ((is_error, message),) = messages(tmp_path, 'a.tif', pixels=False)
    assert is_error
    assert '32 or more bits' in message
    assert mmcv.imread(str(tmp_path / 'a.tif')) is None


@pytest.mark.parametrize('compression', [None, 'tiff_lzw'])
def test_alpha_of_tiff_is_multiplied_with_the_colours(tmp_path, compression):
    path = tmp_path / 'a.tif'
    for alpha, is_spoilt in ((255, False), (90, True)):
        Image.new('RGBA', SIZE, (200, 100, 50, alpha)).save(
            path, compression=compression
        )
        found = messages(tmp_path, 'a.tif', pixels=False)
        assert [is_error for is_error, _ in found] == [True] * is_spoilt + [False]
        assert ('in other colours' in found[0][1]) == is_spoilt
        read = mmcv.imread(str(path), channel_order='rgb')[0, 0]
        assert (list(read) == [200, 100, 50]) != is_spoilt


def test_colour_spaces_that_differ_are_refused(tmp_path):
    Image.new('LAB', SIZE, (120, 200, 30)).save(tmp_path / 'a.tif')
    ((is_error, message),) = messages(tmp_path, 'a.tif', pixels=False)
    assert is_error
    assert 'in other colours' in message


@pytest.mark.parametrize('mode', ['1', 'L', 'P', 'RGB', 'LA', 'RGBA', 'CMYK'])
@pytest.mark.parametrize('suffix', ['png', 'tif', 'jpg', 'webp', 'bmp'])
def test_what_is_not_refused_has_its_colours(tmp_path, mode, suffix):
    picture = Image.new('RGBA', (48, 48), (200, 100, 50, 255))
    picture.paste((20, 160, 240, 255), (8, 8, 40, 40))
    path = tmp_path / f'a.{suffix}'
    try:
        picture.convert('RGB').convert(mode).save(path, quality=95)
    except (OSError, ValueError):
        return
    found = messages(tmp_path, path.name, stated=(48, 48))
    read = mmcv.imread(str(path), channel_order='rgb').astype(int)
    with Image.open(path) as image:
        shown = np.asarray(image.convert('RGB'), int)
    assert not any(is_error for is_error, _ in found)
    assert np.abs(read - shown).mean() < 3


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'tif', 'webp'])
def test_exif_data_are_obeyed_or_refused(tmp_path, suffix):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.new('RGB', (48, 32))
    picture.paste((255, 255, 255), (0, 0, 48, 8))
    path = tmp_path / f'a.{suffix}'
    picture.save(path, **(dict(tiffinfo=exif) if suffix == 'tif' else dict(exif=exif)))
    size = (48, 32) if suffix == 'webp' else (32, 48)
    ((is_error, message),) = messages(tmp_path, path.name, stated=size)
    assert is_error == (suffix == 'webp')
    assert 'turn' in message
    read = mmcv.imread(str(path))
    assert (read.shape[1::-1] == (32, 48) and read[24, 28].min() > 200) != is_error


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'tif', 'webp', 'bmp'])
@pytest.mark.parametrize('pixels', [True, False])
def test_cut_images_are_noticed_before_training(tmp_path, suffix, pixels):
    picture = np.random.default_rng(0).integers(0, 255, (8, 12, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / f'b.{suffix}')
    whole = (tmp_path / f'b.{suffix}').read_bytes()
    for number in (0, 100, 5000):  # some tools write more behind the end
        (tmp_path / f'{number}.{suffix}').write_bytes(whole + bytes(number))
        assert messages(tmp_path, f'{number}.{suffix}', pixels=pixels) == []
    for number in (3, 60):
        (tmp_path / f'a{number}.{suffix}').write_bytes(whole[:-number])
        found = messages(tmp_path, f'a{number}.{suffix}', pixels=pixels)
        assert found == [(True, '1 images cannot be read')]


def test_images_are_looked_at_once_until_they_change(tmp_path, monkeypatch):
    save(tmp_path, 'a.png', 'L')
    opened = []
    load = Image.open
    monkeypatch.setattr(Image, 'open', lambda path: opened.append(path) or load(path))
    first = messages(tmp_path, 'a.png', pixels=False)
    number = len(opened)
    assert messages(tmp_path, 'a.png', pixels=False) == first
    assert len(opened) == number > 0
    save(tmp_path, 'a.png', 'RGBA')
    assert messages(tmp_path, 'a.png', pixels=False) != first


def test_too_many_pixels_are_told_with_a_remedy(tmp_path, monkeypatch):
    save(tmp_path, 'a.png')
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 40)
    image = dict(file_name='a.png', width=12, height=8)
    (found,) = check_images([image], str(tmp_path))
    assert found.is_error
    assert 'too many pixels (80 are the most that' in found.places[0]
    assert 'cut it into tiles' in found.places[0]


def test_single_dark_images_of_sixteen_bits_are_no_error(tmp_path):
    def check(*levels):
        images = []
        for number, level in enumerate(levels):
            pixels = np.full(SIZE[::-1], level, np.uint16)
            Image.fromarray(pixels).save(tmp_path / f'{number}.png')
            size = dict(width=SIZE[0], height=SIZE[1])
            images.append(dict(size, file_name=f'{number}.png'))
        found = check_images(images, str(tmp_path))
        return [(one.is_error, [*one.images]) for one in found]

    night = check(60000, 3000, 60000)
    assert night == [(False, ['0.png', '2.png']), (False, ['1.png'])]
    assert check(60000, 3000) == [(False, ['0.png']), (False, ['1.png'])]
    assert check(3000, 3000, 60000)[0] == (True, ['0.png', '1.png'])


def test_findings_name_the_files_in_the_folder(tmp_path):
    (tmp_path / 'sub').mkdir()
    save(tmp_path, 'sub/gray.png', 'L')
    save(tmp_path, 'sub/size.png')
    (tmp_path / 'bad.png').write_bytes(b'x')
    images = [
        dict(file_name='sub/gray.png', width=12, height=8),
        dict(file_name='sub/size.png', width=99, height=8),
        dict(file_name='bad.png', width=12, height=8),
    ]
    found = check_images(images, str(tmp_path))
    names = [('bad.png',), ('sub/size.png',), ('sub/gray.png',)]
    assert [one.images for one in found] == names
    assert found[1].places[0].endswith('size.png is 12 x 8, said 99 x 8')


@pytest.mark.parametrize('number', [1, 2])
def test_several_frames_are_told(tmp_path, number):
    frames = [Image.new('RGB', SIZE, (60 * n, 0, 0)) for n in range(number)]
    frames[0].save(tmp_path / 'a.tif', save_all=True, append_images=frames[1:])
    found = messages(tmp_path, 'a.tif')
    assert [is_error for is_error, _ in found] == [False] * (number - 1)
    assert all('several frames, of which the first' in text for _, text in found)


def test_images_that_went_away_after_a_look_are_named(tmp_path):
    save(tmp_path, 'a.png')
    assert messages(tmp_path, 'a.png') == []
    (tmp_path / 'a.png').unlink()
    assert messages(tmp_path, 'a.png') == [(True, '1 images cannot be read')]
