"""A room of the package imports only from rooms below it (docs/contributing.md)."""

import ast
from pathlib import Path

import mmdet_plus

ROOT = Path(mmdet_plus.__file__).parent
FLOORS = (
    ('errors', 'tool_names', 'version', 'whole_files'),
    ('host_versions', 'pixel_depth'),
    ('ops',),
    ('models', 'datasets'),
    ('zoo',),
    ('engine', 'evaluation'),
    ('visualization', 'analysis', 'deploy', 'apis'),
    ('web',),
    ('cli',),
    ('__main__',),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def imported_rooms(path: Path) -> set[str]:
    """Rooms that a file imports from."""
    package = ('mmdet_plus', *path.relative_to(ROOT).parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        for target in _targets(node, package):
            if target[0] == 'mmdet_plus' and len(target) > 1:
                found.add(target[1])
    return found


def _targets(node: ast.AST, package: tuple[str, ...]) -> list[tuple[str, ...]]:
    """What a statement in a file of a package imports, as parts of dotted names."""
    if isinstance(node, ast.Import):
        return [tuple(alias.name.split('.')) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else ()
        base += tuple(node.module.split('.')) if node.module else ()
        return [(*base, alias.name) for alias in node.names]
    return []


def test_no_room_leans_on_one_above():
    files = [p for p in ROOT.rglob('*.py') if '.mim' not in p.parts]
    assert len(files) > 200
    wrong = []
    for path in files:
        if path.parent == ROOT and path.stem == '__init__':
            continue
        room = path.relative_to(ROOT).parts[0].removesuffix('.py')
        for other in imported_rooms(path) - {room, '__version__'}:
            if FLOOR_OF[other] >= FLOOR_OF[room]:
                wrong.append(f'{path.relative_to(ROOT)} imports {other}')
    assert wrong == []


def test_an_arrow_up_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(f'{__name__}.ROOT', tmp_path)
    path = tmp_path / 'models' / 'a.py'
    path.parent.mkdir()
    path.write_text(
        'from ..cli.launch import build_runner\nfrom mmdet_plus import zoo\n'
        'import os.path, mmdet_plus.engine.hooks as hooks\n'
    )
    assert imported_rooms(path) == {'cli', 'engine', 'zoo'}
