"""Paints detections into videos, from files, webcams and streams."""

import json
import re
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from ..errors import UserError
from ..whole_files import written_whole

SUFFIXES = {'.mp4', '.avi', '.mov', '.mkv', '.webm', '.m3u8', '.ts'}
LIVE = re.compile(r'\d+$|(?:rtsp|rtsps|rtmp|rtp|udp|srt)://')
MP4 = cv2.VideoWriter.fourcc(*'mp4v')
USUAL_RATE = 25.0  # of sources that do not tell theirs
RATES = (1.0, 240.0)  # frames a second that can be believed
REMEMBERED = 30  # frames that the rate is the mean of

Detect = Callable[[np.ndarray], tuple[np.ndarray, dict[str, Any]]]


def is_live(source: str) -> bool:
    """Whether it is the number of a webcam or the address of a stream."""
    return LIVE.match(source) is not None and not Path(source).exists()


def is_video(source: str) -> bool:
    """Whether it is one of those, or the path or address of a video."""
    path = source.partition('?')[0] if '://' in source else source
    return is_live(source) or Path(path).suffix.lower() in SUFFIXES


class Overlay:
    """Frames a second and the time that is left, written into each frame.

    Args:
        total: frames of the video; None where nobody knows.
        clock: gives seconds.
    """

    def __init__(
        self, total: int | None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._total = total
        self._clock = clock
        self._times = deque([clock()], maxlen=REMEMBERED + 1)
        self._done = 0

    def text(self) -> str:
        """Of the next frame, which has been worked on."""
        self._times.append(self._clock())
        self._done += 1
        passed = max(self._times[-1] - self._times[0], 1e-6)
        rate = (len(self._times) - 1) / passed
        if self._total is None or self._done > self._total:
            return f'{rate:.1f} fps  frame {self._done}'
        left = round((self._total - self._done) / rate)
        eta = f'{left // 60}:{left % 60:02d}'
        return f'{rate:.1f} fps  frame {self._done}/{self._total}  ETA {eta}'

    def draw(self, frame: np.ndarray) -> None:
        """Write the text into a frame (h, w, 3), above on the left."""
        size = max(frame.shape[0] / 900, 0.35)
        style = dict(fontFace=cv2.FONT_HERSHEY_SIMPLEX, fontScale=size)
        place, text = (6, round(30 * size) + 4), self.text()
        for colour, thickness in (((0, 0, 0), 4), ((255, 255, 255), 1)):
            width = max(round(thickness * size), 1) + (thickness > 1)
            cv2.putText(frame, text, place, color=colour, thickness=width, **style)


def paint_video(
    source: str,
    detect: Detect,
    out_dir: Path,
    *,
    save_json: bool = False,
    max_frames: int | None = None,
) -> tuple[Path, Path]:
    """Write the painted video and a list of the predictions of all frames.

    Both are written whole or not at all. What is live ends when the source ends, after
    ``max_frames``, or by Ctrl+C, and is kept; of a file, Ctrl+C leaves nothing.

    Args:
        source: path, address, or number of a webcam.
        detect: gives the painted frame and the predictions of a frame, both BGR.
        out_dir: holds ``vis`` and ``preds`` afterwards.
        save_json: write a file of its own for each frame, too.
        max_frames: stop after so many; None for all.

    Returns:
        The video and the predictions.

    Raises:
        UserError: the source has no frames, or the video cannot be written.
    """
    name = stem_of(source)
    video, listed = out_dir / 'vis' / f'{name}.mp4', out_dir / 'preds' / f'{name}.json'
    each = out_dir / 'preds' / name
    for folder in (video.parent, listed.parent, *([each] if save_json else [])):
        folder.mkdir(parents=True, exist_ok=True)
    with (
        _opened(source) as capture,
        written_whole(video) as part,
        written_whole(listed) as list_part,
        list_part.open('w') as stream,
        _writer(part, capture) as write,
        _interrupted(live=is_live(source)) as asked,
    ):
        frames = islice(_frames(capture, asked), max_frames)
        count = 0
        for prediction in _painted(frames, detect, write, _total(capture, max_frames)):
            text = json.dumps(prediction)
            stream.write(f'{"," if count else "["}\n{text}')
            if save_json:
                with written_whole(each / f'{count:06d}.json') as one:
                    one.write_text(text)
            count += 1
        if count == 0:
            raise UserError(f'{source} is not a video')
        stream.write('\n]\n')
    return video, listed


def stem_of(source: str) -> str:
    """Name of the files that are made of a source."""
    if source.isdigit() and not Path(source).exists():
        return f'webcam_{source}'
    path = source.partition('?')[0].rstrip('/')
    return re.sub(r'[^\w.-]+', '_', Path(path).stem) or 'video'


@contextmanager
def _opened(source: str) -> Iterator[cv2.VideoCapture]:
    is_webcam = source.isdigit() and is_live(source)
    capture = cv2.VideoCapture(int(source) if is_webcam else source)
    try:
        if not capture.isOpened():
            what = f'webcam {source} cannot be opened' if is_webcam else ''
            raise UserError(what or f'{source} is not a video')
        yield capture
    finally:
        capture.release()


@contextmanager
def _interrupted(*, live: bool) -> Iterator[Event]:
    """Of what is live, Ctrl+C ends the recording; the second one ends the program."""
    asked = Event()
    if not live:
        yield asked
        return

    def note(*_: Any) -> None:
        signal.signal(signal.SIGINT, usual)
        asked.set()

    usual = signal.signal(signal.SIGINT, note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, usual)


def _frames(capture: cv2.VideoCapture, asked: Event) -> Iterator[np.ndarray]:
    """Frames until there are no more, or it is asked to stop."""
    while not asked.is_set():
        found, frame = capture.read()
        if not found:
            return
        yield frame


def _painted(
    frames: Iterator[np.ndarray],
    detect: Detect,
    write: Callable[[np.ndarray], None],
    total: int | None,
) -> Iterator[dict[str, Any]]:
    overlay = Overlay(total)
    for frame in tqdm(frames, unit='frame', total=total, disable=None):
        painted, prediction = detect(frame)
        painted = np.ascontiguousarray(painted)
        overlay.draw(painted)
        write(painted)
        yield prediction


def _total(capture: cv2.VideoCapture, max_frames: int | None) -> int | None:
    stated = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    known = [count for count in (stated, max_frames) if count and count > 0]
    return min(known, default=None)


@contextmanager
def _writer(
    path: Path, capture: cv2.VideoCapture
) -> Iterator[Callable[[np.ndarray], None]]:
    """A function that appends frames; at the end the file is read again."""
    rate = capture.get(cv2.CAP_PROP_FPS)
    rate = rate if RATES[0] <= rate <= RATES[1] else USUAL_RATE
    sides = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    size = int(capture.get(sides[0])), int(capture.get(sides[1]))
    writer = cv2.VideoWriter(str(path), MP4, rate, size)
    if not writer.isOpened():
        raise UserError(f'{path.parent} cannot be written to, or OpenCV has no MPEG-4')
    count = 0

    def write(frame: np.ndarray) -> None:
        nonlocal count
        is_same = (frame.shape[1], frame.shape[0]) == size
        writer.write(frame if is_same else cv2.resize(frame, size))
        count += 1

    try:
        yield write
    finally:
        writer.release()
    # OpenCV says nothing where the disk is full.
    check = cv2.VideoCapture(str(path))
    if int(check.get(cv2.CAP_PROP_FRAME_COUNT)) != count:
        raise UserError(f'the video in {path.parent} did not get whole: a full disk?')
