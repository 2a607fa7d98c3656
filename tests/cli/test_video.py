import json
import signal

import cv2
import numpy as np
import pytest

from mmdet_plus.cli.video import Overlay, is_live, is_video, paint_video, stem_of
from mmdet_plus.errors import UserError


@pytest.fixture
def film(tmp_path):
    path = tmp_path / 'film.avi'
    code = cv2.VideoWriter.fourcc(*'MJPG')
    video = cv2.VideoWriter(str(path), code, 5, (320, 240))
    for value in (0, 60, 120, 180):
        video.write(np.full((240, 320, 3), value, np.uint8))
    video.release()
    return path


def gray_of(frame):
    return frame.copy(), dict(gray=int(frame[-40, 50, 0]))


def left_files(folder):
    return sorted(path.name for path in folder.rglob('*') if path.is_file())


def test_frames_predictions_and_rate(film, tmp_path):
    video, listed = paint_video(str(film), gray_of, tmp_path / 'out', save_json=True)
    grays = [each['gray'] for each in json.loads(listed.read_text())]
    assert np.abs(np.array(grays) - [0, 60, 120, 180]).max() <= 3
    written = cv2.VideoCapture(str(video))
    assert written.get(cv2.CAP_PROP_FPS) == 5
    frames = [written.read()[1] for _ in range(4)]
    assert not written.read()[0]
    assert frames[1][200, 100, 0] == pytest.approx(60, abs=8)
    # The overlay, white on black, above on the left.
    assert frames[1][:20, :200].max() > 150
    names = [f'{number:06d}.json' for number in range(4)]
    assert left_files(tmp_path / 'out') == [*names, 'film.json', 'film.mp4']


def test_an_error_leaves_no_file_and_keeps_the_old_one(film, tmp_path):
    old, _ = paint_video(str(film), gray_of, tmp_path / 'out', max_frames=2)
    content = old.read_bytes()

    def fails(frame):
        if frame[200, 100, 0] > 100:
            raise KeyboardInterrupt
        return gray_of(frame)

    with pytest.raises(KeyboardInterrupt):
        paint_video(str(film), fails, tmp_path / 'out')
    assert old.read_bytes() == content
    assert left_files(tmp_path / 'out') == ['film.json', 'film.mp4']


class Camera:
    """Gives some frames, then Ctrl+C is pressed."""

    def __init__(self, source):
        if isinstance(source, str):  # a file that was written
            self._file = REAL_CAPTURE(source)
            self.get, self.release = self._file.get, self._file.release
            return
        assert source == 7
        self.left = 3

    def isOpened(self):  # noqa: N802
        return True

    def get(self, what):
        sizes = {cv2.CAP_PROP_FRAME_WIDTH: 64, cv2.CAP_PROP_FRAME_HEIGHT: 48}
        return sizes.get(what, -1.0)

    def read(self):
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)
        return True, np.full((48, 64, 3), 99, np.uint8)

    def release(self):
        pass


REAL_CAPTURE = cv2.VideoCapture


def test_a_webcam_is_recorded_until_it_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr('cv2.VideoCapture', Camera)
    before = signal.getsignal(signal.SIGINT)
    video, listed = paint_video('7', gray_of, tmp_path)
    assert video.name == 'webcam_7.mp4'
    assert REAL_CAPTURE(str(video)).get(cv2.CAP_PROP_FRAME_COUNT) == 3
    assert len(json.loads(listed.read_text())) == 3
    assert signal.getsignal(signal.SIGINT) is before


def test_a_video_that_did_not_get_whole_is_told(film, tmp_path, monkeypatch):
    class FullDisk:
        def __init__(self, path, *rest):
            open(path, 'wb').close()

        def isOpened(self):  # noqa: N802
            return True

        def write(self, frame):
            pass

        def release(self):
            pass

    FullDisk.fourcc = cv2.VideoWriter.fourcc
    monkeypatch.setattr('cv2.VideoWriter', FullDisk)
    with pytest.raises(UserError, match='did not get whole'):
        paint_video(str(film), gray_of, tmp_path / 'out')
    assert left_files(tmp_path / 'out') == []


def test_what_is_no_video(tmp_path):
    path = tmp_path / 'film.mp4'
    path.write_bytes(b'no film')
    with pytest.raises(UserError, match='is not a video'):
        paint_video(str(path), gray_of, tmp_path / 'out')
    with pytest.raises(UserError, match='webcam 99 cannot be opened'):
        paint_video('99', gray_of, tmp_path / 'out')
    assert left_files(tmp_path / 'out') == []


def test_the_overlay_by_hand():
    seconds = iter([0, 2, 4, 6, 8])
    overlay = Overlay(100, clock=lambda: next(seconds))
    assert overlay.text() == '0.5 fps  frame 1/100  ETA 3:18'
    assert overlay.text() == '0.5 fps  frame 2/100  ETA 3:16'
    endless = Overlay(None, clock=lambda: next(seconds))
    assert endless.text() == '0.5 fps  frame 1'


@pytest.mark.parametrize(
    ('source', 'live', 'video', 'stem'),
    [
        ('0', True, True, 'webcam_0'),
        ('rtsp://host:554/cam 1', True, True, 'cam_1'),
        ('https://x.org/a/film.mp4?token=1.2', False, True, 'film'),
        ('https://x.org/a/live.m3u8', False, True, 'live'),
        ('https://x.org/a.jpg', False, False, 'a'),
        ('a/b.MOV', False, True, 'b'),
        ('a/b.png', False, False, 'b'),
    ],
)
def test_what_sources_are(source, live, video, stem):
    assert is_live(source) == live
    assert is_video(source) == video
    assert stem_of(source) == stem
