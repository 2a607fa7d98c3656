"""What a comparison trains, and which claims it tests."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config

from ...errors import UserError

KINDS = ('bbox', 'segm')


@dataclass(frozen=True)
class Run:
    """A config that is trained once for each seed.

    Attributes:
        name: in the tables.
        config: path of the config file.
        epochs: length of the training; None for that of the config.
        options: keys of the config and their values, as for ``--cfg-options``.
    """

    name: str
    config: Path
    epochs: int | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Changes with everything that the training depends on but seed and code."""
        content = Config.fromfile(self.config).pretty_text
        settings = json.dumps([content, self.epochs, self.options], sort_keys=True)
        return f'{self.config.stem}-{hashlib.sha256(settings.encode()).hexdigest()[:8]}'


@dataclass(frozen=True)
class Claim:
    """What a paper says, as a difference between two runs.

    Attributes:
        text: the claim.
        source: where the paper says it.
        better: name of the run that should have more of the figure.
        than: name of the run it is compared with.
        figure: name of the figure, as in the report on a detector.
        kind: ``'bbox'`` or ``'segm'``.
        why: a sentence on the outcome.
    """

    text: str
    source: str
    better: str
    than: str
    figure: str = 'AP'
    kind: str = 'bbox'
    why: str = ''


@dataclass(frozen=True)
class Plan:
    """Runs, their seeds, and claims about them.

    Attributes:
        title: heading of its part of the page.
        about: sentences below the heading.
        seeds: of the trainings; the same for all runs.
        runs: by name.
        claims: in the order of the table.
    """

    title: str
    about: str
    seeds: tuple[int, ...]
    runs: dict[str, Run]
    claims: tuple[Claim, ...]


def read_plan(path: Path) -> Plan:
    """Read a plan from a YAML file; configs are named relative to it.

    Its keys are ``title``, ``about``, ``seeds``, ``epochs`` and ``options`` of all
    runs, ``runs`` (a name and ``config``, ``epochs``, ``options`` of each) and
    ``claims`` (the attributes of :class:`Claim`).

    Raises:
        UserError: for a file that is no plan, or names what does not exist.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f'{path} is no plan: {error}') from error
    keys = ('title', 'about', 'seeds', 'epochs', 'options', 'runs', 'claims')
    _check_keys(path, 'the plan', content, keys, ('title', 'seeds', 'runs'))
    runs = {
        str(name): _read_run(path, str(name), own, content)
        for name, own in _dict(path, 'runs', content['runs']).items()
    }
    claims = tuple(_read_claim(path, own, runs) for own in content.get('claims') or ())
    seeds = content['seeds']
    if not isinstance(seeds, list) or not all(isinstance(s, int) for s in seeds):
        raise UserError(f'{path}: seeds must be a list of numbers, got {seeds!r}')
    about = content.get('about') or ''
    return Plan(content['title'], about, tuple(dict.fromkeys(seeds)), runs, claims)


def _read_run(path: Path, name: str, own: Any, plan: dict) -> Run:
    where = f'the run {name!r}'
    _check_keys(path, where, own, ('config', 'epochs', 'options'), ('config',))
    config = (path.parent / own['config']).resolve()
    if not config.is_file():
        raise UserError(f'{path}: {where}: {config} does not exist')
    epochs = own.get('epochs', plan.get('epochs'))
    if epochs is not None and (not isinstance(epochs, int) or epochs < 1):
        raise UserError(f'{path}: {where}: epochs must be at least 1, got {epochs!r}')
    options = {
        **_dict(path, 'options', plan.get('options') or {}),
        **_dict(path, f'options of {where}', own.get('options') or {}),
    }
    return Run(name, config, epochs, options)


def _read_claim(path: Path, own: Any, runs: dict[str, Run]) -> Claim:
    _check_keys(
        path,
        'a claim',
        own,
        tuple(Claim.__dataclass_fields__),
        ('text', 'source', 'better', 'than'),
    )
    claim = Claim(**own)
    for name in (claim.better, claim.than):
        if name not in runs:
            raise UserError(f'{path}: claim {claim.text!r}: there is no run {name!r}')
    if claim.kind not in KINDS:
        raise UserError(
            f'{path}: claim {claim.text!r}: kind must be one of {", ".join(KINDS)}, '
            f'got {claim.kind!r}'
        )
    return claim


def _dict(path: Path, name: str, value: Any) -> dict:
    if not isinstance(value, dict):
        raise UserError(f'{path}: {name} must be keys and values, got {value!r}')
    return value


def _check_keys(
    path: Path, where: str, value: Any, known: Iterable[str], needed: Iterable[str]
) -> None:
    keys = _dict(path, where, value)
    unknown = [key for key in keys if key not in known]
    if unknown:
        raise UserError(
            f'{path}: {where} has the unknown key {unknown[0]!r}; known are '
            f'{", ".join(known)}'
        )
    missing = [key for key in needed if key not in keys]
    if missing:
        raise UserError(f'{path}: {where} needs the key {missing[0]!r}')
