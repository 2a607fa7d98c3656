import cv2
import numpy as np
import pytest

from mmdet_plus.datasets.shapes.generation import (
    CLASSES,
    MIN_VISIBLE_FRACTION,
    MIN_VISIBLE_PIXELS,
    ShapeInstance,
    draw_scene,
    rasterise,
    unit_contours,
    visible_masks,
)
from mmdet_plus.datasets.shapes.recipes import RECIPES

SIZE = 256
LABELS_OF_SCENE_7 = [0, 1, 1, 6]
SUM_OF_SCENE_7 = 25781088


@pytest.fixture(scope='module')
def scenes():
    return [draw_scene(0, 'train', i, SIZE) for i in range(120)]


@pytest.fixture(scope='module')
def instances(scenes):
    return [instance for scene in scenes for instance in scene.instances]


def shape_area(shape: str, radius: float = 50) -> int:
    contours = [contour * radius for contour in unit_contours(shape)]
    return rasterise(contours, np.array([128.0, 128.0]), SIZE)[1]


def same(one, other) -> bool:
    return np.array_equal(one.image, other.image) and all(
        a.label == b.label and np.array_equal(a.mask, b.mask)
        for a, b in zip(one.instances, other.instances, strict=True)
    )


def test_global_random_state_has_no_say(scenes):
    np.random.seed(5)
    assert same(draw_scene(0, 'train', 7, SIZE), scenes[7])


@pytest.mark.parametrize(
    'arguments', [(1, 'train', 7), (0, 'val', 7), (0, 'train', 8)], ids=str
)
def test_seed_split_and_index_change_the_image(scenes, arguments):
    assert not np.array_equal(draw_scene(*arguments, SIZE).image, scenes[7].image)


def test_first_version_never_changes(scenes):
    """Trained models and their results belong to it."""
    image, instances = scenes[7]
    assert [instance.label for instance in instances] == LABELS_OF_SCENE_7
    assert image.astype(int).sum() == pytest.approx(SUM_OF_SCENE_7, rel=1e-3)


def mean_hues(version, num_images=60):
    """Mean colour of each object as a hue in degrees, by class."""
    hues = {name: [] for name in CLASSES}
    for i in range(num_images):
        scene = draw_scene(0, 'train', i, 320, version)
        for instance in scene.instances:
            colour = scene.image[instance.mask].mean(axis=0)[None, None]
            hsv = cv2.cvtColor(colour.astype(np.float32) / 255, cv2.COLOR_BGR2HSV)
            hues[CLASSES[instance.label]].append(hsv[0, 0, 0])
    return {name: np.array(own) for name, own in hues.items()}


def test_second_version_tells_only_confusable_classes_by_outline():
    hues = mean_hues(2)
    for one, other in (('circle', 'octagon'), ('pentagram', 'hexagram')):
        assert RECIPES[2].styles[one] == RECIPES[2].styles[other]
        assert abs(np.median(hues[one]) - np.median(hues[other])) < 25
    different = ('triangle', 'square', 'circle', 'pentagram', 'ring')
    medians = sorted(np.median(hues[name]) for name in different)
    assert np.diff(medians).min() > 25


def test_second_version_has_more_objects():
    scenes = [draw_scene(0, 'val', i, 320, 2) for i in range(60)]
    counts = [len(scene.instances) for scene in scenes]
    assert 9 <= max(counts) <= 12
    boxes = np.array([i.bbox for scene in scenes for i in scene.instances])
    large = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) > 96**2
    assert large.sum() > 30


def test_image_has_size_and_type(scenes):
    assert all(scene.image.shape == (SIZE, SIZE, 3) for scene in scenes)
    assert all(scene.image.dtype == np.uint8 for scene in scenes)


def test_masks_of_an_image_are_disjoint(scenes):
    for scene in scenes:
        if scene.instances:
            assert np.sum([i.mask for i in scene.instances], axis=0).max() == 1


def test_bbox_is_tight(instances):
    for instance in instances:
        rows, columns = np.nonzero(instance.mask)
        want = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert instance.bbox == want


def test_bbox_of_a_single_pixel():
    mask = np.zeros((6, 8), bool)
    mask[2, 5] = True
    assert ShapeInstance(0, mask, 1).bbox == (5, 2, 6, 3)


def test_every_object_stays_recognisable(instances):
    for instance in instances:
        area = instance.mask.sum()
        assert area >= MIN_VISIBLE_PIXELS
        assert area >= MIN_VISIBLE_FRACTION * instance.full_area


def test_objects_differ_from_what_is_around(scenes):
    """Pixels just inside and just outside the outline have different colours."""
    kernel = np.ones((5, 5), np.uint8)
    for scene in scenes[:40]:
        for instance in scene.instances:
            grown = cv2.dilate(instance.mask.astype(np.uint8), kernel).astype(bool)
            inside = scene.image[instance.mask].mean(axis=0)
            outside = scene.image[grown & ~instance.mask].mean(axis=0)
            assert np.abs(inside - outside).max() > 8


def test_all_classes_occur(instances):
    assert {instance.label for instance in instances} == set(range(len(CLASSES)))


def test_numbers_of_objects(scenes):
    counts = [len(scene.instances) for scene in scenes]
    assert 1 <= counts.count(0) <= 14  # 5 % of 120 images, within 3.5 sigma
    assert max(counts) == 8
    assert {1, 2, 3, 4, 5, 6, 7} <= set(counts)


def test_sizes_range_from_small_to_large(instances):
    boxes = np.array([instance.bbox for instance in instances])
    sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    assert sides.min() < 14
    assert 150 < sides.max() <= 202
    assert 0.2 < (sides < 32).mean() < 0.7


def test_shapes_are_rotated(instances):
    squares = [i for i in instances if CLASSES[i.label] == 'square' and i.bbox[0] > 0]
    whole = [i for i in squares if i.mask.sum() == i.full_area and i.full_area > 400]
    boxes = np.array([i.bbox for i in whole])
    fill = [i.full_area for i in whole] / np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    # A square standing on a corner fills half of its box, a lying one all of it.
    assert fill.min() < 0.6
    assert fill.max() > 0.85


def test_small_images_have_smaller_objects():
    boxes = [
        instance.bbox
        for i in range(40)
        for instance in draw_scene(0, 'train', i, 64).instances
    ]
    sides = np.array(boxes)[:, 2:] - np.array(boxes)[:, :2]
    assert sides.max() <= 52  # 200 px scaled by 64 / 256, and antialiasing


def test_occlusion_and_truncation_occur(instances):
    hidden = [i for i in instances if i.mask.sum() < i.full_area]
    at_border = [i for i in hidden if min(i.bbox) == 0 or max(i.bbox) == SIZE]
    assert at_border
    assert len(hidden) > len(at_border)


def test_areas_match_geometry():
    circle = np.pi * 50**2
    want = dict(
        triangle=3 * np.sqrt(3) / 4 * 50**2,
        square=2 * 50**2,
        circle=circle,
        octagon=2 * np.sqrt(2) * 50**2,
        pentagram=1.12257 * 50**2,
        hexagram=np.sqrt(3) * 50**2,
        ring=circle * 0.75,
    )
    for shape in CLASSES:
        assert shape_area(shape) == pytest.approx(want[shape], rel=0.03)


def test_octagon_is_no_circle():
    assert shape_area('octagon') / shape_area('circle') == pytest.approx(0.9, abs=0.01)


def test_ring_has_a_hole():
    contours = [contour * 30 for contour in unit_contours('ring', hole=0.5)]
    coverage, _ = rasterise(contours, np.array([64.5, 64.5]), 128)
    assert coverage[64, 64] == 0
    assert coverage[64, 64 + 22] == 1


def test_rasterise_cuts_at_the_border():
    square = 10 * np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
    coverage, full_area = rasterise([square], np.array([0.0, 32.0]), 64)
    rows, columns = np.nonzero(coverage >= 0.5)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (22, 41, 0, 9)
    assert full_area == 400


def test_later_masks_cover_earlier_ones():
    one = np.array([[True, True, False]])
    two = np.array([[False, True, True]])
    visible = visible_masks([one, two])
    np.testing.assert_array_equal(visible, [[[1, 0, 0]], [[0, 1, 1]]])
    assert visible_masks([]) == []
