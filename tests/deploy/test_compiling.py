"""The form of every method is one graph for ``torch.compile``."""

import pytest
import torch
from samples.configs import load_config
from samples.deploy import CONFIGS, build, two_images

from mmdet_plus.deploy.exporting import compiled, deploy_form

NAMES = [
    pytest.param('d2det/d2det_tiny_shapes', marks=pytest.mark.slow),
    pytest.param('cpm_rcnn/cpm-rcnn_tiny_shapes', marks=pytest.mark.slow),
    pytest.param('dcr/faster-rcnn-dcrv2_tiny_shapes', marks=pytest.mark.slow),
    pytest.param('double_head/dh-ext-faster-rcnn_tiny_shapes', marks=pytest.mark.slow),
    'refinedet/refinedet320_tiny_shapes',
]


@pytest.mark.parametrize('name', NAMES)
def test_the_form_compiles_without_breaks(name):
    form = deploy_form(build(load_config(CONFIGS / f'{name}.py').model))
    inputs = [torch.from_numpy(part) for part in two_images(128, 160)]
    # Traces as every backend does, and makes no machine code of it.
    found = compiled(form, backend='eager')(*inputs)
    assert len(found['scores']) > 0
    torch.testing.assert_close(found, form(*inputs))
