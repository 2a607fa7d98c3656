import json

import cv2
import numpy as np
import pytest
from samples.browser import open_browser
from samples.detections import random_data

from mmdet_plus.analysis.report.detections import read_detections
from mmdet_plus.analysis.report.ground_truth import read_ground_truth
from mmdet_plus.analysis.report.page import render_page
from mmdet_plus.analysis.report.page.rendering import format_cell, sort_key
from mmdet_plus.analysis.report.parts import Chapter, Column, Report, Section, Table
from mmdet_plus.analysis.report.several import compare_detectors
from mmdet_plus.analysis.report.single import describe_detector
from mmdet_plus.analysis.report.writing import write_report

VALUES = """
const body = document.querySelector('#{table} tbody');
return [...body.rows].map((row) => row.cells[{column}].dataset.key);
"""
BROKEN = """
return [...document.images].filter((i) => !i.complete || !i.naturalWidth).length;
"""
# How much plots are made smaller; their text has 8 points at least.
SMALLEST_SCALE = """
const plots = [...document.images].filter((i) => i.src.startsWith('data:image/png'));
return Math.min(...plots.map((i) => i.clientWidth / i.naturalWidth));
"""
ASKED_FOR = """
return performance.getEntriesByType('resource').map((entry) => entry.name);
"""


@pytest.fixture(scope='module')
def pages(tmp_path_factory):
    """The pages on one detector with masks and on two, of random data."""
    folder = tmp_path_factory.mktemp('pages')
    content, results = random_data(1, 12, with_masks=True)
    for image in content['images']:
        grey = np.full((200, 200, 3), 128, np.uint8)
        cv2.imwrite(str(folder / image['file_name']), grey)
    truth = read_ground_truth(content)
    found = read_detections(results, truth)
    fewer = read_detections(results[::2], truth)
    single = describe_detector(truth, found, 'one <b>', image_dir=folder)
    runs = dict(all=found, half=fewer)
    both = compare_detectors(truth, runs, num_resamples=20, image_dir=folder)
    return [write_report(r, folder / n) for n, r in (('one', single), ('two', both))]


@pytest.mark.parametrize('number', [0, 1])
def test_the_page_in_a_browser(pages, number):
    with open_browser() as driver:
        driver.get(pages[number].as_uri())
        headings = [h.text for h in driver.find_elements('css selector', 'h3')]
        links = driver.find_elements('css selector', 'nav a')
        assert len(headings) == len(links) > 8
        assert len(set(headings)) == len(headings) // 2  # boxes and masks
        assert driver.execute_script(BROKEN) == 0
        assert all(
            name.startswith('data:') for name in driver.execute_script(ASKED_FOR)
        )
        for link in links:
            target = link.get_attribute('href').partition('#')[2]
            assert driver.find_element('id', target).tag_name == 'h3'
        assert driver.get_log('browser') == []
        # A window of this browser is 500 pixels wide at least, a telephone is not.
        phone = dict(width=400, height=800, deviceScaleFactor=1, mobile=True)
        driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', phone)
        assert driver.execute_script('return window.innerWidth') == 400
        width = driver.execute_script('return document.documentElement.scrollWidth')
        assert width <= 400
        assert driver.execute_script(SMALLEST_SCALE) > 0.6


def test_tables_are_sorted_by_a_click(pages):
    table = 'bbox-best_thresholds-table'
    with open_browser() as driver:
        driver.get(pages[0].as_uri())

        def click(column):
            buttons = driver.find_elements('css selector', f'#{table} th button')
            driver.execute_script('arguments[0].click()', buttons[column])
            script = VALUES.replace('{table}', table).replace('{column}', str(column))
            return driver.execute_script(script)

        names = click(0)
        assert names == sorted(names) == ['all', 'class 2', 'class 5', 'class 7']
        assert click(0) == names[::-1]
        recalls = [float(key) for key in click(3)]
        assert recalls == sorted(recalls)
        head = driver.find_elements('css selector', f'#{table} th')
        assert head[3].get_attribute('aria-sort') == 'ascending'
        assert head[0].get_attribute('aria-sort') is None


def test_files_of_a_report(pages):
    for page in pages:
        text = page.read_text()
        assert len(text) < 10e6
        assert '://' not in text
        numbers = json.loads((page.parent / 'report.json').read_text())
        assert {'bbox', 'segm'} <= numbers.keys()
        figures = list((page.parent / 'figures').rglob('*.png'))
        assert all(cv2.imread(str(path)) is not None for path in figures)
        assert len(figures) > 10
    assert 'one &lt;b&gt;' in pages[0].read_text()


def test_cells_by_hand():
    plain = Column('a', 'A')
    assert format_cell(0.12345, plain) == '0.123'
    assert format_cell(0.12345, Column('a', 'A', percent=True)) == '12.3%'
    assert format_cell(0.12345, Column('a', 'A', signed=True)) == '+0.123'
    assert format_cell(3, plain) == '3'
    assert format_cell(float('nan'), plain) == format_cell(None, plain) == '-'
    assert sort_key(float('nan')) == sort_key(None) == ''
    assert sort_key(0.5) == '0.5'


def test_empty_tables_are_left_out():
    section = Section('s', 'Title', 'Text', notes=['Nothing here.'])
    section.tables.append(Table('t', 'Caption', [Column('a', 'A')], []))
    page = render_page(Report('r', ['x'], {}, [Chapter('c', 'C', [section])]))
    assert 'Nothing here.' in page
    assert '<table' not in page
