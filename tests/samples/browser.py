"""A headless Chromium without a network, for tests of pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

FLAGS = (
    '--headless=new',
    '--no-sandbox',
    '--disable-dev-shm-usage',
    '--disable-gpu',
    # Whatever the page asks the network for fails, but for this machine itself.
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    '--window-size=1400,1000',
)


@contextmanager
def open_browser() -> Iterator[Any]:
    """A driver of Selenium; skips the test where there is no browser."""
    webdriver = pytest.importorskip('selenium.webdriver', reason='no selenium')
    browser = shutil.which('chromium') or shutil.which('chromium-browser')
    driver_path = shutil.which('chromedriver')
    if browser is None or driver_path is None:
        pytest.skip('no chromium with chromedriver; on Debian: chromium-driver')
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in FLAGS:
        options.add_argument(flag)
    service = webdriver.ChromeService(driver_path)
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield driver
    finally:
        driver.quit()
