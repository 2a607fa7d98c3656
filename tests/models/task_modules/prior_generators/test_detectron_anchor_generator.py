import pytest
import torch
from mmdet.registry import TASK_UTILS

import mmdet_plus  # noqa: F401

RATIOS = [0.5, 1.0, 2.0]


def build(**kwargs):
    return TASK_UTILS.build(
        dict(type='DetectronAnchorGenerator', ratios=RATIOS, **kwargs)
    )


def test_anchors_are_those_of_the_table_in_faster_rcnn():
    # The comment of generate_anchors, less one: it counts pixels from 1.
    expected = torch.tensor(
        [
            [-83, -39, 100, 56],
            [-175, -87, 192, 104],
            [-359, -183, 376, 200],
            [-55, -55, 72, 72],
            [-119, -119, 136, 136],
            [-247, -247, 264, 264],
            [-35, -79, 52, 96],
            [-79, -167, 96, 184],
            [-167, -343, 184, 360],
        ]
    )
    (anchors,) = build(strides=[16], scales=[8, 16, 32]).base_anchors
    assert torch.equal(anchors, expected - 1.0)


@pytest.mark.parametrize(
    ('stride', 'sides'),
    [
        # By hand; halves are rounded to even numbers.
        (4, [(48, 24), (32, 32), (24, 48)]),
        (8, [(88, 48), (64, 64), (48, 96)]),
        (32, [(360, 176), (256, 256), (184, 368)]),
    ],
)
def test_sides_are_rounded_before_they_are_scaled(stride, sides):
    generator = build(strides=[stride], scales=[8])
    (anchors,) = generator.grid_priors([(2, 3)], device='cpu')
    assert anchors.shape == (18, 4)
    found = anchors[:, 2:] - anchors[:, :2] + 1
    assert found.tolist() == [list(map(float, own)) for own in sides] * 6
    centres = (anchors[::3, :2] + anchors[::3, 2:]) / 2
    first = (stride - 1) / 2
    expected = [
        [first + stride * x, first + stride * y] for y in (0, 1) for x in range(3)
    ]
    assert centres.tolist() == expected


def test_centres_can_be_given():
    generator = build(strides=[8], scales=[8], centers=[(4.0, 2.0)])
    centres = generator.base_anchors[0].view(3, 2, 2).mean(dim=1)
    assert centres.tolist() == [[4.0, 2.0]] * 3
