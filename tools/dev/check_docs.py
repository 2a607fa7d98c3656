"""Check that relative links and named paths in the documents lead to files that exist.

python tools/dev/check_docs.py
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINK = re.compile(r'\]\(([^)#\s]+)(?:#([^)\s]+))?\)')
COMMAND_PATH = re.compile(r'(?:^|\s)((?:tools|configs|tests|docs)/[\w./-]+\.\w+)')


def anchors(document: Path) -> set[str]:
    """Anchors of the headings, as GitHub names them."""
    headings = re.findall(r'^#+ (.+)$', document.read_text(), re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', h.lower()).replace(' ', '-') for h in headings}


def broken_links(document: Path) -> list[str]:
    """What the links and commands of a document name and the repository lacks."""
    text, broken = document.read_text(), []
    for target, anchor in LINK.findall(text):
        if re.match(r'\w+:', target):
            continue
        path = document.parent / target
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(f'{target}#{anchor}' if anchor else target)
    for path in COMMAND_PATH.findall(text):
        if not (ROOT / path).exists():
            broken.append(path)
    return broken


def main() -> None:
    listed = subprocess.run(
        ['git', 'ls-files', '--cached', '--others', '--exclude-standard', '*.md'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    documents = [ROOT / name for name in listed.stdout.splitlines()]
    failures = [
        f'{document.relative_to(ROOT)}: {target} does not exist'
        for document in documents
        for target in broken_links(document)
    ]
    print(
        '\n'.join(failures) or f'{len(documents)} documents, all links lead somewhere'
    )
    sys.exit(bool(failures))


if __name__ == '__main__':
    main()
