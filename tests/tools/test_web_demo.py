import importlib.util

import pytest


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--model', 'absent.onnx'], '--model: absent.onnx does not exist'),
        (['--model', 'a.py=b.pth'], '--model: a.py does not exist'),
        (['--model', 'd2det_tiny_shape'], "the zoo has no model 'd2det_tiny_shape'"),
        (['--max-megabytes', '0'], 'argument --max-megabytes: must be a finite'),
        (['--port', '-1'], 'argument --port: must be at least 0'),
    ],
)
def test_what_is_wrong_is_one_message(tool_main, capsys, arguments, message):
    assert tool_main('web_demo', *arguments) == 2
    assert capsys.readouterr().err.startswith(f'error: {message}')


def test_gradio_is_asked_for(tool_main, capsys, monkeypatch):
    found = importlib.util.find_spec

    def without_gradio(name, *rest):
        return None if name == 'gradio' else found(name, *rest)

    monkeypatch.setattr('importlib.util.find_spec', without_gradio)
    assert tool_main('web_demo') == 2
    assert "pip install 'mmdet_plus[web]'" in capsys.readouterr().err


def test_the_page_is_opened_to_this_machine_only(tool_main, monkeypatch, capsys):
    from contextlib import contextmanager
    from types import SimpleNamespace

    asked = {}

    @contextmanager
    def served(shelf, limits, **options):
        asked.update(names=shelf.names, limits=limits, **options)
        yield SimpleNamespace(local_url='http://x', block_thread=lambda: None)

    monkeypatch.setattr('mmdet_plus.web.page.served', served)
    assert tool_main('web_demo', '--max-megabytes', '3') == 0
    assert asked['host'] == '127.0.0.1'
    assert len(asked['names']) == 5
    assert asked['limits'].megabytes == 3
    assert 'http://x' in capsys.readouterr().out
