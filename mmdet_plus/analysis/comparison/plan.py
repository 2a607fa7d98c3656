"""What a comparison trains, and which claims it tests."""

import copy
import hashlib
import json
import reprlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config

from ...errors import UserError

KINDS = ('bbox', 'segm')
PLAN_KEYS = (
    'title',
    'about',
    'seeds',
    'epochs',
    'options',
    'changes',
    'runs',
    'claims',
)
RUN_KEYS = ('config', 'epochs', 'options', 'changes', 'weights_of', 'after', 'plan')


# What the weights and what is found with them depend on, but for seed and code.
MEASURED = (
    'model',
    'train_dataloader',
    'test_dataloader',
    'test_evaluator',
    'train_cfg',
    'test_cfg',
    'optim_wrapper',
    'param_scheduler',
    'custom_hooks',
    'randomness',
    'load_from',
)


@cache
def _load(path: Path) -> Config:
    # Takes a second, and many runs share their files.
    return Config.fromfile(path)


@dataclass(frozen=True)
class Run:
    """A config that is trained once for each seed, or tested with another's weights.

    Attributes:
        name: in the tables.
        config: path of the config file.
        epochs: length of the training; None for that of the config.
        options: keys of the config and their values, as for ``--cfg-options``.
        changes: a config file whose keys are put over those of ``config``.
        weights_of: the run with whose weights this one is tested, untrained.
        after: a run that is trained before, of the same seed; ``{checkpoint}`` in
            ``options`` stands for the path of its weights.
    """

    name: str
    config: Path
    epochs: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    changes: Path | None = None
    weights_of: 'Run | None' = None
    after: 'Run | None' = None

    @property
    def source(self) -> 'Run | None':
        """The run whose weights this one needs."""
        return self.weights_of or self.after

    def content(self) -> Config:
        """The whole config, with changes and options."""
        cfg = copy.deepcopy(_load(self.config))
        if self.changes:
            cfg.merge_from_dict(_load(self.changes).to_dict())
        cfg.merge_from_dict(copy.deepcopy(self.options))
        return cfg

    @property
    def key(self) -> str:
        """Changes with everything that the results depend on but seed and code.

        Runs of several plans that agree in it are trained once.
        """
        content = self.content().to_dict()
        settings = [
            {name: content.get(name) for name in MEASURED},
            self.epochs,
            self.weights_of and self.weights_of.key,
            self.after and self.after.key,
        ]
        text = json.dumps(settings, sort_keys=True, default=str)
        return f'{self.config.stem}-{hashlib.sha256(text.encode()).hexdigest()[:8]}'


@dataclass(frozen=True)
class Claim:
    """What a paper says, as a difference between two runs.

    Attributes:
        text: the claim.
        source: where the paper says it.
        better: name of the run that should have more of the figure.
        than: name of the run it is compared with.
        figure: name of the figure, as in the report on a detector, or of
            ``false_positive_rates``.
        less: whether the better run should have less of the figure instead.
        kind: ``'bbox'`` or ``'segm'``.
        why: a sentence on the outcome.
    """

    text: str
    source: str
    better: str
    than: str
    figure: str = 'AP'
    less: bool = False
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

    Its keys are ``title``, ``about``, ``seeds``, ``epochs``, ``options`` and
    ``changes`` of all runs, ``runs`` (a name and the attributes of :class:`Run`; one
    with ``weights_of`` needs no more than ``options``, which add to those of that run;
    ``plan`` alone takes the run of that name from another plan) and ``claims`` (the
    attributes of :class:`Claim`).

    Raises:
        UserError: for a file that is no plan, or names what does not exist.
    """
    return _read_plan(path.resolve(), ())


def _read_plan(path: Path, readers: tuple[Path, ...]) -> Plan:
    """A plan that is read for plans which take runs from it."""
    if path in readers:
        raise UserError(f'{path}: takes a run from a plan that takes one from it')
    readers = (*readers, path)
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f'{path} is no plan: {error}') from error
    _check_keys(path, 'the plan', content, PLAN_KEYS, ('title', 'seeds', 'runs'))
    runs: dict[str, Run] = {}
    for name, own in _dict(path, 'runs', content['runs']).items():
        if isinstance(own, dict) and 'plan' in own:
            runs[str(name)] = _run_of_plan(str(name), own, runs, readers)
        else:
            runs[str(name)] = _read_run(path, str(name), own, content, runs)
    claims = tuple(_read_claim(path, own, runs) for own in content.get('claims') or ())
    seeds = content['seeds']
    if not isinstance(seeds, list) or not all(isinstance(s, int) for s in seeds):
        raise UserError(f'{path}: seeds must be a list of numbers, got {seeds!r}')
    about = content.get('about') or ''
    return Plan(content['title'], about, tuple(dict.fromkeys(seeds)), runs, claims)


def _read_run(path: Path, name: str, own: Any, plan: dict, runs: dict[str, Run]) -> Run:
    where = f'the run {name!r}'
    _check_keys(path, where, own, RUN_KEYS, ())
    options = _dict(path, f'options of {where}', own.get('options') or {})
    if 'weights_of' in own:
        _check_keys(path, where, own, ('weights_of', 'options'), ('weights_of',))
        source = _earlier_run(path, where, own['weights_of'], runs)
        options = source.options | options
        return replace(source, name=name, options=options, weights_of=source)
    _check_keys(path, where, own, RUN_KEYS, ('config',))
    epochs = own.get('epochs', plan.get('epochs'))
    if epochs is not None and (not isinstance(epochs, int) or epochs < 1):
        raise UserError(f'{path}: {where}: epochs must be at least 1, got {epochs!r}')
    changes = own.get('changes', plan.get('changes'))
    return Run(
        name,
        _file(path, where, own['config']),
        epochs,
        _dict(path, 'options', plan.get('options') or {}) | options,
        changes and _file(path, where, changes),
        after=('after' in own and _earlier_run(path, where, own['after'], runs))
        or None,
    )


def _run_of_plan(
    name: str, own: dict, runs: dict[str, Run], readers: tuple[Path, ...]
) -> Run:
    """The run of that name in another plan; what it needs must be there, too."""
    path = readers[-1]
    where = f'the run {name!r}'
    _check_keys(path, where, own, ('plan',), ('plan',))
    other = _file(path, where, own['plan'])
    run = _read_plan(other, readers).runs.get(name)
    if run is None:
        raise UserError(f'{path}: {where}: there is no such run in {other}')
    if run.source and runs.get(run.source.name) != run.source:
        raise UserError(f'{path}: {where} needs {run.source.name!r} of {other}')
    return run


def _file(path: Path, where: str, name: Any) -> Path:
    if not isinstance(name, str):
        raise UserError(f'{path}: {where}: expected the name of a file, got {name!r}')
    file = (path.parent / name).resolve()
    if not file.is_file():
        raise UserError(f'{path}: {where}: {file} does not exist')
    return file


def _earlier_run(path: Path, where: str, name: str, runs: dict[str, Run]) -> Run:
    if name not in runs:
        raise UserError(f'{path}: {where}: there is no run {name!r} before it')
    if runs[name].weights_of:
        raise UserError(f'{path}: {where}: {name!r} has no weights of its own')
    return runs[name]


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
        raise UserError(
            f'{path}: {name} must be keys and values, got {reprlib.repr(value)}'
        )
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
