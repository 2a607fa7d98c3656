import pytest

from mmdet_plus.cli.preflight.pipelines import check_pipeline
from mmdet_plus.errors import UserError


class Own:
    """A transform of the user."""


@pytest.mark.parametrize(
    'step',
    [
        dict(type='Resize', scale=(1333, float('inf'))),
        dict(type='Resize', scale=None, scale_factor=0.5),
        dict(type='RandomChoiceResize', scales=[(1333, 640), (1333, 800)]),
        dict(type='RandomFlip', prob=[0.3, 0.3], direction=['horizontal', 'vertical']),
        dict(type='RandomFlip', prob=1),
        dict(type='TestTimeAug', transforms=[[dict(type='Resize', scale=(9, 9))]]),
        # Whose scale is another one.
        dict(type='Albu', transforms=[dict(type='Perspective', scale=(0, 0.1))]),
        dict(type='Albu', transforms=[dict(type='Resize', scale=0)]),
        dict(type=Own, scale=(-0.1, 0.1), inner=[dict(type='Resize', scale=0)]),
        dict(type='NobodysStep', scale=0),
    ],
)
def test_usual_settings_pass(step):
    check_pipeline([step], 'p')


@pytest.mark.parametrize(
    ('step', 'key'),
    [
        (dict(type='Resize', scale=(0, 800)), 'p.0.scale'),
        (dict(type='Resize', scale=(1333, -1)), 'p.0.scale'),
        (dict(type='Resize', scale='800'), 'p.0.scale'),
        (dict(type='Resize', scale_factor=0), 'p.0.scale_factor'),
        (dict(type='RandomChoiceResize', scales=[(9, 9), (0, 9)]), 'p.0.scales'),
        (dict(type='RandomCrop', crop_size=(0, 0)), 'p.0.crop_size'),
        (dict(type='RandomFlip', prob=50), 'p.0.prob'),
        (dict(type='RandomFlip', prob=float('nan')), 'p.0.prob'),
        (
            dict(type='TestTimeAug', transforms=[[dict(type='Resize', scale=0)]]),
            'p.0.transforms.0.0.scale',
        ),
    ],
)
def test_numbers_that_cannot_be_meant_are_named(step, key):
    with pytest.raises(UserError, match=f'^{key} must be'):
        check_pipeline([step], 'p')
