"""Pages of the site that do not lie in docs/: MkDocs calls this file, see mkdocs.yml.

README files, the changelog and others become pages where they lie, and every public
name gets its entry in the reference. Links in docs/ lead to files of the repository;
here they lead to their page, or to a copy of the file.
"""

import ast
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[2]
DOCS = 'docs/'
PACKAGE = 'mmdet_plus'
# Pages by their place in the site; all others lie in docs/.
PAGES = {
    'index.md': 'README.md',
    'CHANGELOG.md': 'CHANGELOG.md',
    'SECURITY.md': 'SECURITY.md',
    'taking_part.md': 'CONTRIBUTING.md',
} | {
    f'configs/{path.parent.name}/README.md': f'configs/{path.parent.name}/README.md'
    for path in sorted(ROOT.glob('configs/*/README.md'))
}
# Links, but not those within code.
LINK = re.compile(r'(?P<code>```.*?```|`[^`\n]*`)|\]\((?P<target>[^)\s]+)\)', re.DOTALL)
WORKER_ELSEWHERE = 'https://unpkg.com/iframe-worker/shim'
WORKER = 'site/file_worker.js'
log = get_plugin_logger('site_pages')


class PublicName(NamedTuple):
    """A name in the ``__all__`` of a package."""

    package: str
    name: str
    path: str
    """Where it is defined, with dots; that of a module for a submodule."""
    is_module: bool


def public_names() -> Iterator[PublicName]:
    """All names in an ``__all__`` of ours, by package; files are read, not imported."""
    for path in sorted(ROOT.glob(f'{PACKAGE}/**/*.py')):
        if '.mim' not in path.parts:
            own = path.parent if path.name == '__init__.py' else path.with_suffix('')
            yield from _names_of('.'.join(own.relative_to(ROOT).parts))


def _names_of(package: str) -> Iterator[PublicName]:
    for name in _all_of(_tree(package)):
        path = defined_at(package, name)
        if not path.startswith(f'{PACKAGE}.version'):
            yield PublicName(package, name, path, _file_of(path) is not None)


def defined_at(module: str, name: str) -> str:
    """Dotted path of the definition of a name that a module has."""
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _imported(module, node, alias.name)
    return f'{module}.{name}'


def _imported(module: str, node: ast.ImportFrom, name: str) -> str:
    file = _file_of(module)
    assert file is not None
    parts = module.split('.')
    if node.level:
        kept = len(parts) - node.level + (file.name == '__init__.py')
        source = '.'.join([*parts[:kept], *filter(None, [node.module])])
    else:
        source = node.module or ''
    is_module = _file_of(f'{source}.{name}') is not None
    if is_module and (source == module or name not in _all_of(_tree(source))):
        return f'{source}.{name}'
    return defined_at(source, name)


def _file_of(module: str) -> Path | None:
    base = ROOT.joinpath(*module.split('.'))
    for path in (base / '__init__.py', base.with_suffix('.py')):
        if path.is_file():
            return path
    return None


def _tree(module: str) -> ast.Module:
    file = _file_of(module)
    assert file is not None, module
    return ast.parse(file.read_text(encoding='utf-8'))


def _all_of(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and '__all__' in map(ast.unparse, node.targets):
            return ast.literal_eval(node.value)
    return []


def reference() -> dict[str, str]:
    """Pages of the reference: one for each package with public names, and a list."""
    names: dict[str, list[PublicName]] = {}
    for each in public_names():
        names.setdefault(each.package, []).append(each)
    homes = _homes(names)
    pages = {
        f'api/{package}.md': _page(package, own, homes)
        for package, own in names.items()
    }
    lines = ['# API', '', 'All public names, by package.', '']
    for package, own in sorted(names.items()):
        listed = ', '.join(f'`{each.name}`' for each in own)
        lines.append(f'- [{package}]({package}.md): {listed}')
    return {'api/index.md': '\n'.join(lines), **pages}


def _homes(names: dict[str, list[PublicName]]) -> dict[str, str]:
    """The package whose page describes a definition: the last one that has it."""
    return {each.path: package for package in sorted(names) for each in names[package]}


def _page(package: str, names: list[PublicName], homes: dict[str, str]) -> str:
    lines = [f'# {package}', '', _docstring(package), '']
    for each in names:
        home = homes[each.path]
        if home != package and not each.is_module:
            text = f'Described with [{home}]({home}.md#{each.path}).'
            lines += [f'## {each.name}', '', text, '']
        elif each.is_module:
            page = f'{each.path}.md'
            shown = f'[{each.path}]({page})' if _all_of(_tree(each.path)) else each.path
            lines += [
                f'## {each.name}',
                '',
                f'Module {shown}. {_docstring(each.path)}',
                '',
            ]
        else:
            lines += [f'::: {each.path}', '']
    return '\n'.join(lines)


def _docstring(module: str) -> str:
    text = ast.get_docstring(_tree(module)) or ''
    # Two of reStructuredText's marks are one in Markdown.
    return text.replace('``', '`')


def on_config(config: Any) -> Any:
    """List the pages of the reference, and those that mkdocs.yml does not name."""
    places = [uri for uri in reference() if uri != 'api/index.md']
    for part in config.nav:
        if part.get('API') == 'api/index.md':
            titled = [{uri[len('api/') : -len('.md')]: uri} for uri in sorted(places)]
            part['API'] = ['api/index.md', *titled]
    named = set(re.findall(r"'([^']+\.md)'", str(config.nav)))
    pages = (path.relative_to(ROOT / DOCS) for path in (ROOT / DOCS).rglob('*.md'))
    others = sorted({page.as_posix() for page in pages} - named)
    if others:
        config.nav.append({'More': others})
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add what does not lie in docs/."""
    for uri, path in PAGES.items():
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / path)))
    for uri, text in reference().items():
        files.append(File.generated(config, uri, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Let links lead to pages, and to copies of files that are none."""
    uri = page.file.src_uri
    if uri.startswith('api/'):
        return markdown
    source = PAGES.get(uri, f'{DOCS}{uri}')

    def replace(match: re.Match) -> str:
        target = match['target']
        if match['code'] or re.match(r'\w+:|#', target):
            return match[0]
        return f']({_new_target(target, uri, source, config, files)})'

    return LINK.sub(replace, markdown)


def _new_target(target: str, uri: str, source: str, config: Any, files: Any) -> str:
    path, hash_sign, anchor = target.partition('#')
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    if not (ROOT / wanted).exists():
        log.warning(f'{source}: {target} does not exist')
        return target
    places = {origin: own for own, origin in PAGES.items()}
    if wanted in places:
        place = places[wanted]
    elif wanted.startswith(DOCS):
        place = wanted.removeprefix(DOCS)
    else:
        place = _copied(wanted, config, files)
    return posixpath.relpath(place, posixpath.dirname(uri) or '.') + hash_sign + anchor


def _copied(path: str, config: Any, files: Any) -> str:
    """Place of a copy that browsers show as text."""
    if (ROOT / path).is_dir():
        log.warning(f'{path} is a folder; link to a file')
    place = f'files/{path}.txt'
    if files.get_file_from_path(place) is None:
        file = File.generated(config, place, abs_src_path=str(ROOT / path))
        files.append(file)
    return place


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Take the script that searches within files from here, not from the network.

    Roles of reStructuredText in docstrings are for other generators.
    """
    output = re.sub(r':(?:class|func|meth|mod|attr):(?=<code>)', '', output)
    own = posixpath.relpath(WORKER, posixpath.dirname(page.url) or '.')
    return output.replace(WORKER_ELSEWHERE, own)


def on_post_template(output: str, template_name: str, config: Any) -> str:
    """The page for missing pages is not opened as a file."""
    return output.replace(f'<script src="{WORKER_ELSEWHERE}"></script>', '')
