"""The page itself, in gradio: what is asked goes down to the other files."""

import html
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

# Before gradio is imported, which else tells its makers of every start.
os.environ.setdefault('GRADIO_ANALYTICS_ENABLED', 'False')
os.environ.setdefault('HF_HUB_OFFLINE', '1')

import gradio as gr

from ..analysis.explanation import UnexplainedError
from ..datasets.shapes.generation import draw_scene
from ..errors import UserError
from .detectors import Finding, Shelf
from .showing import (
    COLUMNS,
    Choice,
    as_json,
    chosen,
    explanation_html,
    painted,
    result_html,
    rows_of,
    times_html,
)
from .uploads import Limits, read_upload

NO_MODEL = 'none'
EXAMPLES = (5, 7, 11, 17)
MOST_WAITING = 20  # visitors
MOST_SESSIONS = 64  # whose images are in memory
SECONDS_KEPT = 1800  # of an image in memory, after its last use
CSS = """
.detections img { width: 100%; height: auto; }
.detections a { margin-right: 1.5em; }
.why img { max-width: 100%; background: white; }
"""


class Side(NamedTuple):
    """What stands below one of the two models."""

    picture: gr.HTML
    table: gr.Dataframe
    times: gr.HTML
    why: gr.HTML


class Parts(NamedTuple):
    """What a visitor uses or sees, and what the page remembers."""

    image: gr.State
    found: gr.State
    upload: gr.File
    gallery: gr.Gallery
    models: list[Any]
    message: gr.HTML
    settings: list[Any]
    sides: list[Side]


def example_images() -> list[np.ndarray]:
    """Generated images (h, w, 3) RGB of the shapes that the shipped models know."""
    scenes = [draw_scene(0, 'val', number, 256) for number in EXAMPLES]
    return [scene.image[..., ::-1] for scene in scenes]


class DemoPage:
    """The page, and what happens on it.

    Args:
        shelf: the models to choose from.
        limits: of uploads.
    """

    def __init__(self, shelf: Shelf, limits: Limits) -> None:
        self._shelf = shelf
        self._limits = limits
        self._examples = example_images()

    def read(self, path: str | None) -> tuple:
        """The uploaded image, a message, and an empty field for the next upload."""
        if path is None:
            return None, '', None
        try:
            return read_upload(path, self._limits), '', None
        except UserError as error:
            return None, _message(str(error)), None

    def choose_example(self, event: gr.SelectData) -> tuple:
        """The image of an example, and no message."""
        return self._examples[event.index], ''

    def detect(self, image: np.ndarray | None, *names: str) -> tuple:
        """What each model finds, a message, and the classes to choose from."""
        found: list[Finding | None] = [None] * len(names)
        classes: list[str] = []
        if image is None:
            return found, gr.skip(), gr.skip()
        try:
            for side, name in enumerate(names):
                if name != NO_MODEL:
                    found[side] = self._shelf[name].detect(image)
                    classes += self._shelf[name].class_names
        except Exception as error:
            text = f'{name}: {error}'
            return [None] * len(names), _message(text), gr.skip()
        return found, '', gr.update(choices=list(dict.fromkeys(classes)))

    def show(
        self,
        image: np.ndarray | None,
        found: list[Finding | None] | None,
        *settings: Any,
    ) -> list:
        """The contents of both sides."""
        *names, score_thr, classes, with_masks, why, row = settings
        choice = Choice(score_thr, classes or (), with_masks)
        contents: list = []
        for name, finding in zip(names, found or [None] * len(names), strict=True):
            if image is None or finding is None:
                contents += ['', gr.update(value=[], visible=False), '', '']
            else:
                asked = int(row or 0) if why else None
                contents += self._side(name, image, finding, choice, asked)
        return contents

    def _side(
        self,
        name: str,
        image: np.ndarray,
        finding: Finding,
        choice: Choice,
        asked: int | None,
    ) -> list:
        detector = self._shelf[name]
        names = detector.class_names
        own = chosen(finding, names, choice)
        picture = painted(image, own, detector)
        return [
            result_html(name, picture, as_json(name, image, own, names)),
            gr.update(value=rows_of(own.detections, names), visible=True),
            times_html(finding),
            '' if asked is None else self._why(name, image, own.detections, asked),
        ]

    def _why(self, name: str, image: np.ndarray, own: Any, asked: int) -> str:
        if not 1 <= asked <= len(own.scores):
            return explanation_html(f'there is no box {asked}')
        try:
            told = self._shelf[name].explain(image, own, asked - 1)
        except UnexplainedError as error:
            return explanation_html(str(error))
        return explanation_html(told.text, told.picture)

    def blocks(self) -> gr.Blocks:
        """The page, ready to be launched."""
        with gr.Blocks(
            analytics_enabled=False, title='mmdet_plus', delete_cache=(60, 300)
        ) as blocks:
            gr.Markdown('# What does it find?')
            image = gr.State(time_to_live=SECONDS_KEPT)
            found = gr.State(time_to_live=SECONDS_KEPT)
            upload, gallery, *models, message = self._inputs()
            settings = _settings()
            with gr.Row():
                sides = [_side_of(place) for place in ('left', 'right')]
            self._connect(
                Parts(image, found, upload, gallery, models, message, settings, sides)
            )
        return blocks

    def _connect(self, parts: Parts) -> None:
        """Say what happens at what a visitor does."""
        image, found, upload, gallery, models, message, settings, sides = parts
        contents = [part for side in sides for part in side]
        classes = settings[1]
        showing = [image, found, *models, *settings]

        def add(event: Callable, work: Callable, given: list, gives: list) -> Any:
            return event(
                work,
                given,
                gives,
                concurrency_id='detector',
                concurrency_limit=1,
                api_visibility='private',
                show_progress_on=[sides[0].picture],
            )

        def then_all(event: Any) -> None:
            given = [image, *models]
            event = add(event.then, self.detect, given, [found, message, classes])
            add(event.then, self.show, showing, contents)

        then_all(add(upload.upload, self.read, [upload], [image, message, upload]))
        then_all(add(gallery.select, self.choose_example, [], [image, message]))
        for model in models:
            then_all(add(model.change, lambda: '', [], [message]))
        for setting in settings:
            add(setting.change, self.show, showing, contents)

    def _inputs(self) -> list:
        names = self._shelf.names
        with gr.Row():
            upload = gr.File(
                label=f'An image, at most {self._limits.megabytes:g} MiB; not kept',
                file_types=['image'],
                elem_id='upload',
                height=140,
            )
            gallery = gr.Gallery(
                self._examples,
                label='or an example',
                columns=len(EXAMPLES),
                height=180,
                allow_preview=False,
                interactive=False,
                buttons=[],
                elem_id='examples',
            )
        with gr.Row():
            left = gr.Dropdown(names, value=names[0], label='model', elem_id='model')
            right = gr.Dropdown(
                [NO_MODEL, *names], value=NO_MODEL, label='beside it', elem_id='beside'
            )
        return [upload, gallery, left, right, gr.HTML(elem_id='message')]


def _settings() -> list:
    with gr.Row():
        return [
            gr.Slider(0, 1, 0.3, step=0.01, label='score', elem_id='score'),
            gr.Dropdown([], label='classes, none for all', multiselect=True),
            gr.Checkbox(True, label='masks'),
            gr.Checkbox(False, label='why this box?', elem_id='why'),
            gr.Number(1, label='box (row of the table)', precision=0, minimum=1),
        ]


def _side_of(place: str) -> Side:
    with gr.Column():
        return Side(
            gr.HTML(elem_id=f'{place}-picture'),
            gr.Dataframe(
                headers=COLUMNS,
                interactive=False,
                visible=False,
                max_height=280,
                elem_id=f'{place}-table',
            ),
            gr.HTML(),
            gr.HTML(elem_id=f'{place}-why'),
        )


def _message(text: str) -> str:
    return f'<p role="alert">{html.escape(text)}</p>'


@contextmanager
def served(
    shelf: Shelf, limits: Limits, *, host: str, port: int
) -> Iterator[gr.Blocks]:
    """Open the page to browsers as long as the context lasts.

    Args:
        shelf: the models to choose from.
        limits: of uploads.
        host: address to listen on.
        port: likewise; 0 takes a free one.

    Raises:
        UserError: nothing can be opened there.
    """
    _check_address(host, port)
    # What browsers send lies here until it is read, and goes with the page.
    with tempfile.TemporaryDirectory(prefix='mmdet_plus_web_') as folder:
        os.environ['GRADIO_TEMP_DIR'] = folder
        blocks = DemoPage(shelf, limits).blocks()
        blocks.queue(max_size=MOST_WAITING, api_open=False)
        _launch(blocks, host, port, limits)
        try:
            yield blocks
        finally:
            blocks.close(verbose=False)


def _check_address(host: str, port: int) -> None:
    """Gradio would try a hundred ports, and name a variable of its own."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise UserError(
            f'no page can be opened at {host}:{port} ({error.strerror}): choose others '
            'with --port and --host'
        ) from error


def _launch(blocks: gr.Blocks, host: str, port: int, limits: Limits) -> None:
    blocks.launch(
        server_name=host,
        server_port=port or None,
        share=False,
        quiet=True,
        prevent_thread_lock=True,
        max_file_size=int(limits.megabytes * 2**20),
        state_session_capacity=MOST_SESSIONS,
        footer_links=[],
        enable_monitoring=False,
        ssr_mode=False,
        theme=gr.themes.Default(
            font=['system-ui', 'sans-serif'], font_mono=['monospace']
        ),
        css=CSS,
    )
