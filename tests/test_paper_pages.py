"""What the pages from paper to code name is there: files, classes, functions, tests."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / 'docs' / 'papers').glob('*.md'))
NAMES = {
    path.relative_to(ROOT).as_posix()
    for room in ('mmdet_plus', 'tests', 'configs', 'tools')
    for path in (ROOT / room).rglob('*')
    if path.suffix in ('.py', '.yml')
}
TESTS = {
    name
    for path in (ROOT / 'tests').rglob('test_*.py')
    for name in re.findall(r'def (test_\w+)', path.read_text())
}


def in_tables(page: Path, pattern: str) -> list[str]:
    rows = [row for row in page.read_text().splitlines() if row.startswith('| ')]
    return [found for row in rows for found in re.findall(pattern, row)]


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.stem)
def test_files_exist(page):
    files = in_tables(page, r'`([\w./-]+\.(?:py|yml))`')
    gone = [
        file for file in files if not any(name.endswith(f'/{file}') for name in NAMES)
    ]
    gone = [file for file in gone if file not in NAMES]
    assert gone == []


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.stem)
def test_tests_exist(page):
    stated = in_tables(page, r'`(test_(?!cfg)\w+)`')
    assert [name for name in stated if name not in TESTS] == []


def test_something_is_read():
    assert len(PAGES) >= 6
    assert sum(len(in_tables(page, r'`([\w./-]+\.py)`')) for page in PAGES) > 100
