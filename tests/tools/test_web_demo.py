import importlib.util
import socket

import pytest


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--model', 'absent.onnx'], '--model: absent.onnx does not exist'),
        (['--model', 'a.py=b.pth'], '--model: a.py does not exist'),
        (['--model', 'd2det_tiny_shape'], "the zoo has no model 'd2det_tiny_shape'"),
        (['--max-megabytes', '0'], 'argument --max-megabytes: must be a finite'),
        (['--port', '-1'], 'argument --port: must be at least 0'),
        (['--port', '99999'], 'argument --port: must be at most 65535'),
        (['--model', 'a.py'], '--model: a.py has no weights: CONFIG=CHECKPOINT'),
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


@pytest.mark.parametrize('name', ['a.onnx', 'a.pth'])
def test_files_that_are_no_models(tool_main, capsys, tmp_path, name):
    (tmp_path / name).write_text('<html>')
    assert tool_main('web_demo', '--model', name) == 2
    assert name in capsys.readouterr().err


def test_an_address_that_is_not_of_this_machine(tool_main, capsys):
    assert tool_main('web_demo', '--host', '192.0.2.1', '--port', 0) == 2
    assert 'no page can be opened at 192.0.2.1:0 (' in capsys.readouterr().err


def test_a_port_that_is_in_use(tool_main, capsys):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        assert tool_main('web_demo', '--port', port) == 2
    assert f'no page can be opened at 127.0.0.1:{port} (' in capsys.readouterr().err
