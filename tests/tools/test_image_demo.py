import json

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope


@pytest.fixture
def detector(tiny_config, tmp_path):
    """Config and checkpoint of an untrained detector, which finds anything."""
    cfg = Config.fromfile(tiny_config)
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    path = tmp_path / 'net.pth'
    meta = dict(dataset_meta=dict(classes=('square', 'disc')))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    return ['--model', tiny_config, '--weights', path, '--score-thr', '0']


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / 'in' / 'a.png'
    path.parent.mkdir()
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (48, 64, 3)))
    return path


def test_image_is_painted_and_described(tool_main, detector, picture, tmp_path):
    assert tool_main('image_demo', picture, *detector, '--out-dir', 'out') == 0
    painted = cv2.imread(str(tmp_path / 'out' / 'vis' / 'a.png'))
    assert painted.shape == (48, 64, 3)
    assert (painted != cv2.imread(str(picture))).any()
    found = json.loads((tmp_path / 'out' / 'preds' / 'a.json').read_text())
    assert len(found['bboxes']) == len(found['labels']) == len(found['scores']) > 0


def test_folder(tool_main, detector, picture, tmp_path):
    cv2.imwrite(str(picture.with_name('b.png')), np.zeros((32, 32, 3)))
    folder = picture.parent
    arguments = ['--out-dir', 'out', '--batch-size', '2']
    assert tool_main('image_demo', folder, *detector, *arguments) == 0
    names = sorted(path.name for path in (tmp_path / 'out').glob('*/*'))
    assert names == ['a.json', 'a.png', 'b.json', 'b.png']


@pytest.fixture
def folder(picture):
    """Five images; two of them have the same stem."""
    image = cv2.imread(str(picture))
    for name in ('a.jpg', 'b.png', 'c.png', 'd.png'):
        cv2.imwrite(str(picture.with_name(name)), image)
    return picture.parent


def test_processes_share_a_folder(tool_main, detector, folder, tmp_path, monkeypatch):
    assert tool_main('image_demo', folder, *detector, '--out-dir', 'whole') == 0
    monkeypatch.setenv('WORLD_SIZE', '2')
    written = {}
    for rank in ('0', '1'):
        monkeypatch.setenv('RANK', rank)
        arguments = ['--out-dir', 'shared', '--launcher', 'pytorch']
        assert tool_main('image_demo', folder, *detector, *arguments) == 0
        written[rank] = {path.name for path in (tmp_path / 'shared/preds').iterdir()}
    assert len(written['0']) == 3
    assert len(written['1']) == 5
    for path in (tmp_path / 'whole').glob('*/*'):
        other = tmp_path / 'shared' / path.parent.name / path.name
        assert other.read_bytes() == path.read_bytes()


def test_resuming_does_what_is_left(tool_main, detector, folder, tmp_path, capsys):
    arguments = [folder, *detector, '--out-dir', 'out', '--resume']
    assert tool_main('image_demo', *arguments) == 0
    names = sorted(path.name for path in (tmp_path / 'out/preds').iterdir())
    assert names == ['a.json', 'a_png.json', 'b.json', 'c.json', 'd.json']
    kept = tmp_path / 'out/preds/b.json'
    kept.write_text('kept')
    gone = [tmp_path / 'out/preds' / name for name in ('a_png.json', 'd.json')]
    for path in gone:
        path.unlink()
    capsys.readouterr()
    assert tool_main('image_demo', *arguments) == 0
    assert '2 images, ' in capsys.readouterr().out
    assert all(json.loads(path.read_text())['scores'] for path in gone)
    assert kept.read_text() == 'kept'
    assert tool_main('image_demo', *arguments) == 0
    assert 'no image is left to do' in capsys.readouterr().out
    assert tool_main('image_demo', *arguments[:-1]) == 0
    assert kept.read_text() != 'kept'


def test_video(tool_main, detector, tmp_path):
    path = tmp_path / 'film.avi'
    code = cv2.VideoWriter.fourcc(*'MJPG')
    video = cv2.VideoWriter(str(path), code, 5, (64, 48))
    for value in (0, 100, 200):
        video.write(np.full((48, 64, 3), value, dtype=np.uint8))
    video.release()
    flags = ['--out-dir', 'out', '--save-json']
    assert tool_main('image_demo', path, *detector, *flags) == 0
    found = json.loads((tmp_path / 'out' / 'preds' / 'film.json').read_text())
    assert len(found) == 3
    each = sorted((tmp_path / 'out' / 'preds' / 'film').iterdir())
    assert [json.loads(file.read_text()) for file in each] == found
    painted = cv2.VideoCapture(str(tmp_path / 'out' / 'vis' / 'film.mp4'))
    assert painted.get(cv2.CAP_PROP_FRAME_COUNT) == 3


def test_videos_behind_urls_keep_their_address(
    tool_main, detector, monkeypatch, capsys
):
    asked = []

    class Nothing:
        def __init__(self, source):
            asked.append(source)

        def isOpened(self):  # noqa: N802
            return False

        def release(self):
            pass

    monkeypatch.setattr('cv2.VideoCapture', Nothing)
    url = 'https://example.com/films/film.mp4'
    assert tool_main('image_demo', url, *detector) == 2
    assert asked == [url]
    assert f'error: {url} is not a video' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['absent.png', '--model', 'a.py'], 'absent.png does not exist'),
        (['.', '--model', 'a.py'], '. holds no image'),
        (['in/a.png', '--model', 'a.py'], '--weights is needed: a.py is a config'),
        (
            ['in/a.png', '--model', 'x', '--batch-size', '0'],
            '--batch-size must be positive',
        ),
        (
            ['in/a.png', '--model', 'x', '--out-dir', 'in/a.png'],
            '--out-dir in/a.png is',
        ),
        (['in/a.png', '--score-thr', 'nan'], 'argument --score-thr: must be a finite'),
        (['in/a.png', '--device', 'gpu'], "argument --device: 'gpu' cannot be used"),
        (['.'], 'the following arguments are required: --model'),
    ],
)
@pytest.mark.usefixtures('picture')
def test_what_is_wrong_is_one_message(tool_main, capsys, arguments, message):
    assert tool_main('image_demo', *arguments) == 2
    assert capsys.readouterr().err.startswith(f'error: {message}')


def test_code_in_a_checkpoint_does_not_run(tool_main, detector, picture, capsys):
    weights = detector[3]
    content = torch.load(weights)
    torch.save({**content, 'extra': Malicious()}, weights)
    assert tool_main('image_demo', picture, *detector) == 2
    error = capsys.readouterr().err
    assert 'posix.mkdir' in error
    assert '--unsafe-load' in error
    assert not weights.with_name('ran').exists()


class Malicious:
    def __reduce__(self):
        import os

        return os.mkdir, ('ran',)
