"""What the page shows of detections: those that were chosen, drawn and as files."""

import base64
import html
import io
import json
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..deploy.detections import Detections
from ..deploy.drawing import draw_detections
from .detectors import Finding, PageDetector, unpack

SMALLEST_SHOWN = 640  # pixels of the longer side; labels need room
COLUMNS = ['#', 'class', 'score', 'x1', 'y1', 'x2', 'y2']


class Choice(NamedTuple):
    """What a visitor wants to see."""

    score_thr: float = 0.3
    """Detections score at least this."""
    classes: Collection[str] = ()
    """Names; none for all."""
    with_masks: bool = True


def chosen(finding: Finding, class_names: list[str], choice: Choice) -> Finding:
    """What was chosen of a finding, by falling score."""
    found = finding.detections
    keep = found.scores >= choice.score_thr
    if choice.classes:
        labels = [i for i, name in enumerate(class_names) if name in choice.classes]
        keep &= np.isin(found.labels, labels)
    rows = np.flatnonzero(keep)
    masks = None
    if finding.masks is not None and choice.with_masks:
        masks = [finding.masks[row] for row in rows]
    own = Detections(found.boxes[rows], found.scores[rows], found.labels[rows])
    return finding._replace(detections=own, masks=masks)


def rows_of(found: Detections, class_names: list[str]) -> list[list]:
    """A row of ``COLUMNS`` for each detection."""
    return [
        [number, class_names[label], round(float(score), 3)]
        + [round(float(side), 1) for side in box]
        for number, (box, score, label) in enumerate(
            zip(found.boxes, found.scores, found.labels, strict=True), start=1
        )
    ]


def as_json(model: str, image: np.ndarray, own: Finding, names: list[str]) -> str:
    """Detections as ``tools/image_demo.py`` writes them, and what they are of."""
    content = dict(model=model, height=image.shape[0], width=image.shape[1])
    content |= dict(class_names=names, **own.detections.to_json())
    if own.masks is not None:
        content['masks'] = own.masks
    return json.dumps(content)


def painted(image: np.ndarray, own: Finding, detector: PageDetector) -> Image.Image:
    """The image (h, w, 3) RGB with its detections; small ones are enlarged."""
    found = own.detections
    if own.masks:
        found = found._replace(masks=unpack(own.masks))
    factor = -(-SMALLEST_SHOWN // max(image.shape[:2]))
    if factor > 1:
        size = image.shape[1] * factor, image.shape[0] * factor
        enlarged = Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)
        image, found = np.asarray(enlarged), _enlarged(found, factor)
    # What is exactly at the threshold of the page was chosen, too.
    return draw_detections(image, found, detector, score_thr=-1)


def _enlarged(found: Detections, factor: int) -> Detections:
    masks = found.masks
    if masks is not None:
        masks = masks.repeat(factor, axis=1).repeat(factor, axis=2)
    return found._replace(boxes=found.boxes * factor, masks=masks)


def result_html(name: str, picture: Image.Image, text: str) -> str:
    """The picture, and links that save it and the detections.

    Everything is in the page itself: no file is left on the server.

    Args:
        name: of the model.
        picture: the painted image.
        text: the detections as JSON.
    """
    stream = io.BytesIO()
    picture.save(stream, 'png', compress_level=1)
    image_url = data_url('image/png', stream.getvalue())
    json_url = data_url('application/json', text.encode())
    title = html.escape(name)
    return (
        f'<figure class="detections"><figcaption>{title}</figcaption>'
        f'<img src="{image_url}" alt="detections of {title}">'
        f'<p><a download="detections.png" href="{image_url}">save the image</a> '
        f'<a download="detections.json" href="{json_url}">save the detections</a></p>'
        '</figure>'
    )


def explanation_html(text: str, picture: bytes | None = None) -> str:
    """A text and, if there is one, a PNG picture."""
    content = f'<p>{html.escape(text)}</p>'
    if picture is not None:
        url = data_url('image/png', picture)
        content = f'<img src="{url}" alt="why this box">{content}'
    return f'<div class="why">{content}</div>'


def times_html(finding: Finding) -> str:
    """Milliseconds of each step, in one line."""
    parts = [f'{name} {1000 * own:.0f}' for name, own in finding.seconds.items()]
    total = sum(finding.seconds.values())
    line = f'{1000 * total:.0f} ms: ' + ', '.join(parts)
    return f'<p class="times">{html.escape(line)}</p>'


def data_url(kind: str, content: bytes) -> str:
    """Content within a link."""
    return f'data:{kind};base64,{base64.b64encode(content).decode()}'
