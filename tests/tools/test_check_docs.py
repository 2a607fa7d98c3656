from pathlib import Path

import pytest
from samples.tools import load_tool

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool(tmp_path, monkeypatch):
    module = load_tool('dev/check_docs')
    monkeypatch.setattr(module, 'ROOT', tmp_path)
    return module


def test_broken_links_anchors_and_commands_are_found(tool, tmp_path):
    (tmp_path / 'other.md').write_text('# A title, with marks\n')
    document = tmp_path / 'page.md'
    document.write_text(
        '[good](other.md#a-title-with-marks) [web](https://example.org/x)\n'
        '[gone](missing.md) [wrong](other.md#no-title)\npython tools/nothing.py\n'
    )
    assert tool.broken_links(document) == [
        'missing.md',
        'other.md#no-title',
        'tools/nothing.py',
    ]
