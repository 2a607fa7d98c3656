"""The site: every public name has its entry, links lead on, and it works offline."""

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from samples.browser import open_browser
from samples.tools import load_tool

pytest.importorskip('mkdocs', reason='no mkdocs')
ROOT = Path(__file__).parents[2]
WIDTHS = (400, 1400)
PAGES = ('index', 'get_started', 'papers/d2det', 'model_zoo', 'api/mmdet_plus.ops')


@pytest.fixture(scope='module')
def pages():
    return load_tool('dev/site_pages')


def public_modules():
    for path in sorted((ROOT / 'mmdet_plus').rglob('*.py')):
        if '.mim' not in path.parts and '__all__' in path.read_text():
            own = path.parent if path.name == '__init__.py' else path.with_suffix('')
            yield '.'.join(own.relative_to(ROOT).parts)


def test_every_public_name_is_described(pages):
    reference = pages.reference()
    everything = '\n'.join(reference.values())
    found = {(each.package, each.name): each for each in pages.public_names()}
    modules = [importlib.import_module(name) for name in public_modules()]
    assert len(modules) > 20
    for module in modules:
        assert module.__all__
        for name in module.__all__:
            if name == '__version__':
                continue
            value, own = getattr(module, name), found[module.__name__, name]
            assert own.is_module == isinstance(value, ModuleType)
            page = reference[f'api/{module.__name__}.md']
            if own.is_module:
                assert own.path == value.__name__
                assert f'## {name}\n' in page
            else:
                place, _, attribute = own.path.rpartition('.')
                defined = getattr(importlib.import_module(place), attribute)
                assert defined is value, own.path
                assert everything.count(f'::: {own.path}\n') == 1
                assert f'::: {own.path}\n' in page or f'## {name}\n' in page


class Files(list):
    def get_file_from_path(self, path):
        return None


def test_links_lead_to_pages_and_copies(pages, monkeypatch):
    copied, warned = [], []
    monkeypatch.setattr(
        pages.File, 'generated', lambda config, uri, **kwargs: copied.append(uri)
    )
    monkeypatch.setattr(pages.log, 'warning', warned.append)
    text = (
        '[a](../configs/d2det/README.md#coco) [b](../README.md) [c](get_started.md) '
        '[d](../setup.py) [e](https://x.org/y) `[f](none.md)` [g](none.md) [h](#here)'
    )
    page = type('Page', (), {'file': type('File', (), {'src_uri': 'ops.md'})})
    wanted = (
        '[a](configs/d2det/README.md#coco) [b](index.md) [c](get_started.md) '
        '[d](files/setup.py.txt) [e](https://x.org/y) `[f](none.md)` [g](none.md) '
        '[h](#here)'
    )
    assert pages.on_page_markdown(text, page, None, Files()) == wanted
    assert copied == ['files/setup.py.txt']
    assert warned == ['docs/ops.md: none.md does not exist']


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp('site')
    command = [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--quiet']
    subprocess.run([*command, '--site-dir', folder], cwd=ROOT, check=True)
    return folder


@pytest.mark.slow
def test_the_site_in_a_browser_without_a_network(site):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    with open_browser() as driver:
        for width in WIDTHS:
            size = dict(width=width, height=900, deviceScaleFactor=1, mobile=False)
            driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', size)
            for page in PAGES:
                driver.get((site / f'{page}.html').as_uri())
                root = driver.find_element(By.TAG_NAME, 'html')
                assert root.get_property('scrollWidth') <= width, (page, width)
        driver.get((site / 'model_zoo.html').as_uri())
        driver.find_element(By.CLASS_NAME, 'table-filter').send_keys('tiny d2det')
        rows = driver.find_elements(By.CSS_SELECTOR, 'article tbody tr')
        shown = [row.text for row in rows if row.is_displayed()]
        assert len(shown) == 1
        assert shown[0].startswith('d2det_tiny_shapes')
        driver.get((site / 'index.html').as_uri())
        script = "document.querySelector('label[for=__search]').click()"
        driver.execute_script(script)
        driver.find_element(By.CLASS_NAME, 'md-search__input').send_keys(
            'discriminative'
        )
        hits = WebDriverWait(driver, 60).until(
            lambda d: d.find_elements(By.CSS_SELECTOR, '.md-search-result__item')
        )
        assert any(
            'papers/d2det.html' in hit.get_attribute('innerHTML') for hit in hits
        )
        assert driver.get_log('browser') == []
