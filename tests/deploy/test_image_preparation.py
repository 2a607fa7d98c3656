import cv2
import numpy as np
import pytest
from PIL import Image
from samples.deploy import model_info

from mmdet_plus.apis.image_inputs import scaled
from mmdet_plus.deploy.image_preparation import (
    common_depth,
    prepare,
    read_image,
    read_image_to_draw,
    resize,
    target_size,
)


@pytest.mark.parametrize(
    ('size', 'target'),
    [
        ((480, 640), (800, 1067)),
        ((606, 512), (320, 270)),
        ((640, 480), (320, 240)),
        ((37, 51), (320, 441)),
        ((5, 3), (133, 80)),
        ((1, 1), (4, 4)),
    ],
)
def test_resize_gives_the_pixels_of_opencv(size, target):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    expected = cv2.resize(image, target[::-1], interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(resize(image, target), expected)


def test_images_keep_their_proportions_within_short_and_long_side():
    info = model_info(shape=[800, 1333], keep_ratio=True, dynamic=True)
    assert target_size(480, 640, info) == (800, 1067)
    assert target_size(640, 480, info) == (1067, 800)
    assert target_size(100, 1000, info) == (133, 1333)


def test_upright_images_fit_a_graph_of_fixed_size():
    info = model_info(shape=[800, 1333], keep_ratio=True, dynamic=False)
    assert target_size(1000, 500, info) == (800, 400)


def test_without_proportions_all_images_get_the_shape():
    assert target_size(7, 900, model_info(shape=[320, 300], keep_ratio=False)) == (
        320,
        300,
    )


def test_images_of_a_batch_lie_at_the_top_left():
    info = model_info(shape=[40, 60], keep_ratio=True, dynamic=False)
    wide = np.full((20, 30, 3), 9, np.uint8)
    high = np.full((30, 20, 3), 7, np.uint8)
    inputs = prepare([wide, high], info)
    assert inputs.images.shape == (2, 40, 60, 3)
    assert inputs.sizes.tolist() == [[40, 60], [40, 27]]
    assert inputs.original_sizes.tolist() == [[20, 30], [30, 20]]
    assert (inputs.images[0] == 9).all()
    assert (inputs.images[1, :, :27] == 7).all()
    assert (inputs.images[1, :, 27:] == 0).all()


def test_a_dynamic_batch_is_as_large_as_its_largest_images():
    info = model_info(shape=[40, 60], keep_ratio=True, dynamic=True)
    images = [np.zeros((20, 30, 3), np.uint8), np.zeros((30, 20, 3), np.uint8)]
    assert prepare(images, info).images.shape == (2, 60, 60, 3)


def test_files_pictures_and_arrays_are_the_same_image(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    picture.save(tmp_path / 'image.png')
    for image in (pixels, picture, tmp_path / 'image.png', str(tmp_path / 'image.png')):
        np.testing.assert_array_equal(read_image(image), pixels)
    np.testing.assert_array_equal(read_image(pixels[:, :, ::-1], 'bgr'), pixels)


@pytest.mark.parametrize('suffix', ['.png', '.tif'])
def test_gray_files_of_16_bits_have_the_pixels_of_opencv(suffix, tmp_path):
    gray = np.random.default_rng(0).integers(0, 65536, (4, 5), dtype=np.uint16)
    path = tmp_path / f'image{suffix}'
    Image.fromarray(gray).save(path)
    expected = cv2.imread(str(path))[:, :, ::-1]
    np.testing.assert_array_equal(read_image(path), expected)
    np.testing.assert_array_equal(read_image(Image.open(path)), expected)


def test_pictures_of_12_bits_are_scaled_together(tmp_path):
    dim, full = (np.full((2, 3), value, np.uint16) for value in (4080, 65535))
    for name, pixels in (('dim.png', dim), ('full.png', full)):
        Image.fromarray(pixels).save(tmp_path / name)
    paths = [tmp_path / 'dim.png', str(tmp_path / 'full.png')]
    array = np.repeat(dim[..., None], 3, axis=2)
    assert common_depth([paths[0], np.zeros((2, 3, 3), np.uint8)]) == 12
    assert common_depth([array, Image.open(paths[0])]) == 12
    assert common_depth(paths) == common_depth([array, paths[1]]) == 16
    assert (read_image(paths[0]) == 255).all()
    assert (read_image(array, 'bgr') == 255).all()
    assert (read_image(paths[0], depth=16) == 15).all()


@pytest.fixture
def deep_files(tmp_path):
    """Colours of 16 bits, those of a night, and gray of 12 bits."""
    paths = [tmp_path / f'{name}.png' for name in ('day', 'night', 'gray')]
    for path, value in zip(paths[:2], (65535, 4080), strict=True):
        cv2.imwrite(str(path), np.full((2, 3, 3), value, np.uint16))
    cv2.imwrite(str(paths[2]), np.full((2, 3), 4080, np.uint16))
    return paths


def test_colours_of_16_bits_count_with_the_others(deep_files):
    day, night, gray = deep_files
    assert common_depth([day, night]) == common_depth([night, day]) == 16
    assert common_depth([gray, day]) == common_depth([day]) == 16
    assert common_depth([gray, night]) == common_depth([night]) == 12
    assert [read_image(path, depth=16).max() for path in deep_files] == [255, 15, 15]
    _, depth = scaled([str(path) for path in deep_files])
    assert depth == common_depth(deep_files)


def test_dark_colours_alone_are_refused_but_drawn(deep_files):
    _, night, gray = deep_files
    for depth in (None, 12):
        with pytest.raises(ValueError, match='12 or less of its 16 bits'):
            read_image(night, depth=depth)
    assert read_image_to_draw(night).max() == 240
    assert read_image_to_draw(gray).max() == 255


def test_files_are_turned_as_opencv_turns_them(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 16, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.fromarray(pixels).save(tmp_path / 'turned.png', exif=exif)
    found = read_image(tmp_path / 'turned.png')
    with Image.open(tmp_path / 'turned.png') as picture:
        np.testing.assert_array_equal(read_image(picture), found)
    np.testing.assert_array_equal(found, np.rot90(pixels, -1))


@pytest.mark.parametrize(
    'array',
    [
        np.zeros((4, 5), np.uint8),
        np.zeros((4, 5, 3), np.float32),
        np.zeros((4, 5, 4), np.uint8),
        np.zeros((0, 5, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(array):
    with pytest.raises(ValueError, match=r'uint8|no pixels'):
        read_image(array)


def test_other_things_are_refused():
    with pytest.raises(TypeError, match='path, array or PIL'):
        read_image(3)
