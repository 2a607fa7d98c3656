import sys

import pytest

from mmdet_plus.tool_names import tool_command


@pytest.mark.parametrize(
    ('started', 'command'),
    [
        ('tools/train.py', 'python tools/check_data.py'),
        ('/a/tools/analysis_tools/x.py', 'python /a/tools/check_data.py'),
        ('mmdet_plus train', 'mmdet_plus check-data'),
        ('/usr/bin/pytest', 'mmdet_plus check-data'),
        ('own.py', 'mmdet_plus check-data'),
    ],
)
def test_other_tools_are_named_as_this_one_was_started(monkeypatch, started, command):
    monkeypatch.setattr(sys, 'argv', [started])
    assert tool_command('check_data.py') == command


def test_a_tool_of_another_name_is_named_by_it(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['mmdet_plus train'])
    assert tool_command('image_demo.py') == 'mmdet_plus predict'
