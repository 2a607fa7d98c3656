import cv2
import numpy as np
from samples.labelled_folders import coco_content

from mmdet_plus.analysis.data_check.plots import (
    COLOUR,
    LONGEST_SIDE,
    draw_image,
    plot_distributions,
)


def test_boxes_lie_where_they_should_in_the_small_copy(tmp_path):
    path = tmp_path / 'a.png'
    cv2.imwrite(str(path), np.zeros((480, 960, 3), np.uint8))
    assert draw_image(str(path), [[200, 100, 400, 200]], tmp_path / 'b.png')
    drawn = cv2.imread(str(tmp_path / 'b.png'))
    assert drawn.shape[:2] == (LONGEST_SIDE // 2, LONGEST_SIDE)
    assert tuple(drawn[100, 100]) == COLOUR
    assert tuple(drawn[150, 200]) == COLOUR
    assert not drawn[30, 30].any()


def test_broken_images_have_no_picture(tmp_path):
    (tmp_path / 'a.jpg').write_bytes(b'x')
    assert not draw_image(str(tmp_path / 'a.jpg'), [], tmp_path / 'b.jpg')
    assert not (tmp_path / 'b.jpg').exists()


def test_distributions_are_drawn_for_all_splits(tmp_path):
    contents = dict(train=coco_content(('a', 'b')), val=coco_content(('d',)))
    plot_distributions(contents, tmp_path / 'plot.png')
    image = cv2.imread(str(tmp_path / 'plot.png'))
    assert image.shape[:2] == (800, 1200)
    assert image.std() > 5
