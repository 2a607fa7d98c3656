"""Renames the weights of other code bases to those of our configs."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mmengine.fileio import load
from torch import Tensor

from ...errors import UserError

Name = str | Callable[[re.Match], str] | None
RULE_SUFFIXES = ('.yml', '.yaml', '.json')


class Rule(NamedTuple):
    """How one kind of weight is called and laid out here.

    Attributes:
        pattern: regular expression that the whole foreign name matches.
        name: ours, with groups as ``\\1``, or a function of the match; None for what a
            model does not need.
        change: brings the foreign tensor into our order.
    """

    pattern: str
    name: Name
    change: Callable[[Tensor], Tensor] | None = None


class Conversion(NamedTuple):
    """Result of ``convert``.

    Attributes:
        state_dict: converted weights by our names.
        unused: foreign names that no rule knows or our model has no place for.
        missing: names of our model that stay as they are initialised.
        not_needed: foreign names that a rule leaves out on purpose.
    """

    state_dict: dict[str, Tensor]
    unused: list[str]
    missing: list[str]
    not_needed: list[str]


def convert(
    foreign: Mapping[str, Tensor], rules: Sequence[Rule], own: Mapping[str, Tensor]
) -> Conversion:
    """Convert weights by the first rule that matches a name and gives one of ours.

    Args:
        foreign: weights in another layout.
        rules: of that layout.
        own: state dict of our model, for names and shapes.

    Raises:
        ValueError: two weights get one name, or one has another shape than ours.
    """
    result = Conversion({}, [], [], [])
    for foreign_name, tensor in foreign.items():
        rule, name = _rule_for(foreign_name, rules, own)
        if rule is None:
            result.unused.append(foreign_name)
        elif name is None:
            result.not_needed.append(foreign_name)
        else:
            value = tensor if rule.change is None else rule.change(tensor)
            _check(foreign_name, value, name, own[name], result.state_dict)
            result.state_dict[name] = value.to(own[name].dtype)
    counters = '.num_batches_tracked'
    result.missing.extend(
        name
        for name in own
        if name not in result.state_dict and not name.endswith(counters)
    )
    return result


def _rule_for(
    foreign_name: str, rules: Sequence[Rule], own: Mapping[str, Tensor]
) -> tuple[Rule | None, str | None]:
    """The rule that finds a place for a weight, and the name it gives."""
    for rule in rules:
        match = re.fullmatch(rule.pattern, foreign_name)
        if match is None:
            continue
        if rule.name is None:
            return rule, None
        is_text = isinstance(rule.name, str)
        name = match.expand(rule.name) if is_text else rule.name(match)  # type: ignore
        if name in own:
            return rule, name
    return None, None


def _check(
    foreign_name: str,
    value: Tensor,
    name: str,
    own: Tensor,
    converted: Mapping[str, Tensor],
) -> None:
    if name in converted:
        raise ValueError(f'{foreign_name} is a second weight for {name}')
    if value.shape != own.shape:
        raise ValueError(
            f'{foreign_name} has shape {tuple(value.shape)} and {name} has '
            f'{tuple(own.shape)}: not the weights of this config'
        )


def background_last(weight: Tensor) -> Tensor:
    """Classifier rows (1 + C, ...) with the background first, as (C + 1, ...)."""
    return weight.roll(-1, dims=0)


def without_background(weight: Tensor) -> Tensor:
    """Rows (1 + C, ...) of which the background's, the first, is dropped."""
    return weight[1:]


def boxes_without_background(weight: Tensor) -> Tensor:
    """Box rows (4 + 4C, ...) of which the background's, the first four, are dropped."""
    return weight[4:]


CHANGES = {
    change.__name__: change
    for change in (background_last, without_background, boxes_without_background)
}


def read_rules(path: Path) -> list[Rule]:
    """Rules that a user wrote.

    Args:
        path: YAML or JSON file, a list of objects with ``pattern``, ``name`` and, if
            the tensor changes, ``change``, one of ``CHANGES``.

    Raises:
        ValueError: with the number of the rule that is wrong.
    """
    if path.suffix not in RULE_SUFFIXES:
        raise ValueError(f'{path} must end with {" or ".join(RULE_SUFFIXES)}')
    try:
        content = load(path)
    except UserError as error:
        raise ValueError(f'{path}: {error}') from error
    if not isinstance(content, list):
        raise ValueError(f'{path} must be a list of rules')
    return [_read_rule(f'{path}, rule {i}', rule) for i, rule in enumerate(content, 1)]


def _read_rule(where: str, rule: object) -> Rule:
    if not isinstance(rule, dict) or not all(isinstance(v, str) for v in rule.values()):
        raise ValueError(f'{where} must have pattern and name, both text')
    if not {'pattern', 'name'} <= rule.keys() <= {'pattern', 'name', 'change'}:
        raise ValueError(
            f'{where} must have pattern, name and perhaps change, got {", ".join(rule)}'
        )
    change = rule.get('change')
    if change is not None and change not in CHANGES:
        raise ValueError(f'{where}: change must be one of {", ".join(CHANGES)}')
    try:
        re.sub(rule['pattern'], rule['name'], '')  # refuses groups that are not there
    except (re.error, IndexError) as error:
        raise ValueError(f'{where}: {error}') from error
    return Rule(rule['pattern'], rule['name'], CHANGES.get(change) if change else None)
