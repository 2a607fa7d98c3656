"""What the README shows works."""

import re
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

ROOT = Path(__file__).parents[1]


def python_blocks(page: str) -> list[str]:
    return re.findall(r'```python\n(.*?)```', (ROOT / page).read_text(), re.DOTALL)


def test_the_mixed_detector_builds(tmp_path):
    block = next(b for b in python_blocks('README.md') if b.startswith('_base_'))
    (tmp_path / 'mixed.py').write_text(block)
    init_default_scope('mmdet')
    model_cfg = Config.fromfile(tmp_path / 'mixed.py').model
    model_cfg.backbone.init_cfg = None
    extractors = MODELS.build(model_cfg).roi_head.bbox_roi_extractor
    kinds = {type(extractor).__name__ for extractor in extractors}
    assert kinds == {'DiscriminativeRoIExtractor'}


@pytest.mark.parametrize('block', python_blocks('docs/ops.md')[:1])
def test_the_operators_run_as_shown(block):
    names: dict = {}
    exec(block, names)
    assert names['samples'].shape == (1, 256, 14, 14)
    assert names['pooled'].shape == (1, 256, 7, 7)
    assert torch.isfinite(names['pooled']).all()


@pytest.mark.parametrize(
    'block', [b for b in python_blocks('docs/mixing.md') if b.startswith('_base_')]
)
def test_the_combinations_build(block, tmp_path):
    (tmp_path / 'mixed.py').write_text(block)
    init_default_scope('mmdet')
    model_cfg = Config.fromfile(tmp_path / 'mixed.py').model
    model_cfg.backbone.init_cfg = None
    assert any('mmdet_plus' in type(part).__module__ for part in parts_of(model_cfg))


def parts_of(model_cfg):
    return MODELS.build(model_cfg).modules()


def test_figures_are_those_of_the_pages_they_link_to():
    text = (ROOT / 'README.md').read_text()
    linked = re.findall(r'\[(\d\.\d{3}, [^]]+)\]\(([^)#]+)', text)
    assert len(linked) == 5
    for figures, page in linked:
        measured = (ROOT / page).read_text()
        for figure in re.findall(r'\d\.\d{3}', figures):
            assert f'| {figure} |' in measured, (figure, page)
