"""From a file of another code base to a checkpoint of a config."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor

from ...errors import UserError
from ...whole_files import written_whole
from .layouts import LAYOUTS, check_convertible, guess_layout
from .rules import Conversion, Rule, convert
from .sources import read_weights


def own_weights(cfg: Config) -> dict[str, Tensor]:
    """Names, shapes and types of the weights of a config's model, without values."""
    init_default_scope('mmdet')
    if 'model' not in cfg:
        raise UserError(f'{cfg.filename} has no model')
    with torch.device('meta'):  # shapes only: no memory, no random numbers
        return MODELS.build(cfg.model).state_dict()


def convert_file(
    source: Path,
    cfg: Config,
    *,
    layout: str | None = None,
    rules: Sequence[Rule] = (),
    unsafe: bool = False,
) -> tuple[str, Conversion]:
    """The layout of a file, and its weights for the model of a config.

    Args:
        source: see ``read_weights``.
        cfg: with the model.
        layout: name in ``LAYOUTS``; None for what the names in the file say.
        rules: that go before those of the layout.
        unsafe: see ``load_checkpoint_file``.

    Raises:
        UserError: the file is not what it should be, or fits nothing.
    """
    try:
        foreign = read_weights(source, unsafe=unsafe)
        check_convertible(foreign)
        name = layout or guess_layout(foreign)
        known = LAYOUTS[name]
        every_rule = (*rules, *known.rules)
        result = convert(known.prepare(foreign), every_rule, own_weights(cfg))
    except ValueError as error:
        raise UserError(f'{source}: {error}') from error
    if not result.state_dict:
        raise UserError(f'{source} holds no weight that {name} knows')
    return name, result


def check_complete(result: Conversion) -> None:
    """Raise ``UserError`` where weights of the model would stay as initialised."""
    if result.missing:
        names = ', '.join(result.missing[:3])
        total = len(result.missing) + len(result.state_dict)
        raise UserError(
            f'nothing was found for {len(result.missing)} of {total} weights of the '
            f'model, such as {names}: another config or layout. With --partial they '
            'stay as they are initialised'
        )


def report(result: Conversion) -> str:
    """Counts as a table, and the names of what found no place."""
    rows = (
        ('converted', len(result.state_dict)),
        ('missing', len(result.missing)),
        ('unused', len(result.unused)),
        ('not needed', len(result.not_needed)),
    )
    lines = [f'{kind:<12}{count:>6}' for kind, count in rows]
    for kind, names in (('missing', result.missing), ('unused', result.unused)):
        lines += [f'{kind}: {name}' for name in names]
    return '\n'.join(lines)


def write_checkpoint(
    result: Conversion, out: Path, meta: Mapping[str, object] | None = None
) -> None:
    """Write converted weights as a checkpoint that configs load."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(out) as part:
        torch.save(dict(state_dict=result.state_dict, meta=dict(meta or {})), part)
