"""The page in a browser: upload, slide, compare, save, ask why, send broken files."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from samples.browser import open_browser

from mmdet_plus.datasets.shapes.generation import draw_scene
from mmdet_plus.web.detectors import Shelf
from mmdet_plus.web.uploads import Limits

pytest.importorskip('gradio', reason='no gradio')

from mmdet_plus.web.page import served

PATIENCE = 300  # seconds; machines of tests are busy
MODELS = ['refinedet320_tiny_shapes', 'd2det_tiny_shapes']
SAVED = 'return document.querySelector(\'#{} a[download="detections.{}"]\')?.href'


class Visitor:
    """What a visitor does and sees."""

    def __init__(self, driver, url):
        from selenium.webdriver.common.by import By
        from selenium.webdriver.support.ui import WebDriverWait

        self.driver, self.css = driver, By.CSS_SELECTOR
        self.wait = WebDriverWait(driver, PATIENCE).until
        driver.get(url)
        self.wait(lambda d: d.find_elements(self.css, '#upload input[type=file]'))

    def send(self, path):
        (field,) = self.driver.find_elements(self.css, '#upload input[type=file]')
        field.send_keys(str(path))

    def saved(self, side, kind='json'):
        return self.driver.execute_script(SAVED.format(f'{side}-picture', kind))

    def detections(self, side='left'):
        url = self.wait(lambda _: self.saved(side))
        script = 'const r = await fetch(arguments[0]); return r.text()'
        return json.loads(self.driver.execute_script(script, url))

    def after(self, act, side='left'):
        """The detections of a side when it has changed."""
        before = self.saved(side)
        act()
        self.wait(lambda _: self.saved(side) not in (None, before))
        return self.detections(side)

    def set_score(self, value):
        from selenium.webdriver.common.keys import Keys

        (field,) = self.driver.find_elements(self.css, '#score input[type=number]')
        field.send_keys(Keys.CONTROL, 'a')
        field.send_keys(str(value), Keys.ENTER)

    def choose(self, field, name):
        from selenium.webdriver.common.keys import Keys

        (box,) = self.driver.find_elements(self.css, f'#{field} input')
        box.click()
        box.send_keys(Keys.CONTROL, 'a')
        box.send_keys(name, Keys.ENTER)

    def message(self, text):
        shown = '#message [role=alert]'
        self.wait(
            lambda d: any(text in e.text for e in d.find_elements(self.css, shown))
        )


@pytest.fixture
def files(tmp_path):
    picture, broken = tmp_path / 'shapes.png', tmp_path / 'broken.png'
    Image.fromarray(draw_scene(1, 'val', 8, 320).image[..., ::-1]).save(picture)
    broken.write_bytes(picture.read_bytes()[:900])
    large = tmp_path / 'large.png'
    Image.fromarray(np.zeros((2000, 1100), np.uint8)).save(large)
    return picture, broken, large


def test_visit(files, monkeypatch):
    picture, broken, large = files
    monkeypatch.setenv('GRADIO_TEMP_DIR', '')  # put back afterwards
    limits = Limits(megapixels=2)
    with (
        served(Shelf(MODELS), limits, host='127.0.0.1', port=0) as page,
        open_browser() as driver,
    ):
        assert page.local_url.startswith('http://127.0.0.1:')
        visitor = Visitor(driver, page.local_url)
        first = visitor.after(lambda: visitor.send(picture))
        assert first['height'] == first['width'] == 320
        assert min(first['scores']) >= 0.3
        assert visitor.saved('left', 'png').startswith('data:image/png;base64,')
        assert visitor.saved('right') is None

        more = visitor.after(lambda: visitor.set_score(0.01))
        assert len(more['scores']) > len(first['scores'])
        assert more['scores'][: len(first['scores'])] == first['scores']

        beside = visitor.after(lambda: visitor.choose('beside', MODELS[1]), 'right')
        assert beside['model'] == MODELS[1]
        assert visitor.detections()['model'] == MODELS[0]
        assert visitor.driver.find_elements(visitor.css, '#right-table td')

        driver.find_element(visitor.css, '#why input').click()
        for side in ('left', 'right'):
            shown = f'#{side}-why img'
            visitor.wait(lambda d, s=shown: d.find_elements(visitor.css, s))

        visitor.send(broken)
        visitor.message('cannot be read as BMP, JPEG, PNG, WEBP')
        visitor.send(large)
        visitor.message('1100 x 2000 pixels; at most 2 million are taken')
        # It goes on after that.
        driver.find_elements(visitor.css, '#examples button')[0].click()
        visitor.wait(lambda _: visitor.saved('left'))

        left_over = Path(os.environ['GRADIO_TEMP_DIR']).rglob('*.png')
        assert [path.name for path in left_over] == []
        severe = [e for e in driver.get_log('browser') if e['level'] == 'SEVERE']
        assert severe == []
