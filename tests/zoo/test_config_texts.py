import pytest
from mmengine.config import Config

from mmdet_plus.zoo import find_entry
from mmdet_plus.zoo.config_texts import (
    ConfigTextError,
    config_of,
    remove_programs,
    settings_of,
)


@pytest.mark.parametrize('name', ['d2det_tiny_shapes', 'refinedet320_tiny_shapes'])
def test_what_mmengine_writes_is_read_as_it_was(name):
    config = Config.fromfile(find_entry(name).config)
    assert settings_of(config.pretty_text) == config.to_dict()


def test_values():
    text = "a = dict(b=(1, -2.5), c=[None, 'x'], **{})\n"
    with pytest.raises(ConfigTextError):
        settings_of(text)
    text = "a = dict(b=(1, -2.5), c=[None, 'x'])\nd = dict({'e.f': dict(), 2: True})\n"
    assert settings_of(text) == dict(
        a=dict(b=(1, -2.5), c=[None, 'x']), d={'e.f': {}, 2: True}
    )


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('import os', 'line 1 is no plain value: import os'),
        ('a = 1\nb = __import__("os").system("x")', 'line 2 is no plain value'),
        ('a = dict(b=open("/etc/passwd"))', 'no plain value'),
        ('a = [x for x in (1, 2)]', 'no plain value'),
        ('a = 2 ** 999999999', 'no plain value'),
        ('a = f"{1}"', 'no plain value'),
        ('a.b = 1', 'no plain value'),
        ('a = b = 1', 'no plain value'),
        ('dict = 1\nexec("x")', 'no plain value'),
        ('a = dict(', 'cannot be read: SyntaxError'),
        ('a = ' + '(' * 5000 + ')' * 5000, 'cannot be read'),
        ('a = "{{ $HOME:x }}"', 'variables'),
        ('_base_ = "/tmp/other.py"', 'inherits'),
        ('a = dict(_base_="x")', 'inherits'),
        ('custom_imports = dict(imports=["antigravity"])', 'imports antigravity'),
        ('custom_imports = dict(imports="antigravity")', 'imports antigravity'),
        ('m = dict(type="os.system", command="x")', "type='os.system' would import"),
        ('m = [dict(a=dict(type="mmengine.load"))]', 'would import'),
        ('m = dict(collate_fn="os.system")', 'would import'),
        ('default_scope = "evil"', 'would import'),
        ('a = "' + 'x' * (1 << 20) + '"', 'longer'),
    ],
)
def test_programs_are_refused(text, message):
    with pytest.raises(ConfigTextError, match=message):
        settings_of(text)


def test_registered_types_with_a_scope_pass():
    text = "m = dict(type='mmdet.FasterRCNN', a='x.y')\ndefault_scope = 'mmdet'\n"
    assert settings_of(text)['m']['type'] == 'mmdet.FasterRCNN'
    settings_of("custom_imports = dict(imports=['mmdet_plus'])")


def test_programs_are_taken_out_of_checkpoints():
    checkpoint = dict(
        meta=dict(cfg='a = 1', config='import os', epoch=1),
        message_hub=dict(runtime_info=dict(cfg=b'x', iter=2)),
    )
    removed = remove_programs(checkpoint)
    assert checkpoint == dict(
        meta=dict(cfg='a = 1', epoch=1),
        message_hub=dict(runtime_info=dict(iter=2)),
    )
    assert [line.partition(':')[0] for line in removed] == [
        'message_hub.runtime_info.cfg',
        'meta.config',
    ]


def test_the_newest_place_is_read():
    checkpoint = dict(
        meta=dict(cfg='a = 1'), message_hub=dict(runtime_info=dict(cfg='a = 2'))
    )
    assert config_of(checkpoint).a == 2
    assert config_of(dict(meta=dict(epoch=1))) is None
    assert config_of({}) is None
