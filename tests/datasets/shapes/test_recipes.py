from mmdet_plus.datasets.shapes.generation import CLASSES
from mmdet_plus.datasets.shapes.recipes import RECIPES


def test_the_second_version_styles_every_class():
    assert RECIPES[1].styles is None
    assert RECIPES[2].styles.keys() == set(CLASSES)
    assert len(set(RECIPES[2].styles.values())) == 5
