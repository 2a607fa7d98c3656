"""Loads the weights that a part of a model starts with, and sees that they fit."""

from typing import Any

from mmengine.model.weight_init import PretrainedInit
from mmengine.registry import WEIGHT_INITIALIZERS
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn

from ..errors import UserError


@WEIGHT_INITIALIZERS.register_module(name='Pretrained', force=True)
class FittingPretrainedInit(PretrainedInit):
    """MMEngine's ``Pretrained`` of ``init_cfg``, which goes on where no weight fits.

    A detector's checkpoint for a backbone, or another depth, would train from random
    weights without a word that anybody sees.

    Arguments are those of ``PretrainedInit``.
    """

    def __call__(self, module: nn.Module) -> None:
        """Load the weights into a module.

        Raises:
            UserError: none of the module's weights is in the checkpoint, or nobody
                knows its name.
        """
        own = {name: weight.clone() for name, weight in module.state_dict().items()}
        try:
            super().__call__(module)
        except KeyError as error:  # `open-mmlab://` and its like are tables of names
            raise UserError(
                f'{self.checkpoint}, which init_cfg names, is not known: {error}'
            ) from error
        # Where weights changed some were found, perhaps by names of older versions.
        if not own or not _is_same(module.state_dict(), own):
            return
        found = self._weights()
        if not any(n in found and found[n].shape == w.shape for n, w in own.items()):
            raise UserError(
                f'none of the {len(own)} weights of {type(module).__name__} is in '
                f'{self.checkpoint}, which init_cfg names; {_advice(own, found)}'
            )

    def _weights(self) -> dict[str, Tensor]:
        content = CheckpointLoader.load_checkpoint(
            self.checkpoint, map_location='cpu', logger='silent'
        )
        weights = content.get('state_dict', content)
        prefix = f'{self.prefix or ""}'
        prefix = prefix if not prefix or prefix.endswith('.') else f'{prefix}.'
        names = {name.removeprefix('module.'): name for name in weights}
        return {
            name.removeprefix(prefix): weights[full]
            for name, full in names.items()
            if name.startswith(prefix)
        }


def _is_same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return all(bool((first[name] == weight).all()) for name, weight in second.items())


def _advice(own: dict[str, Any], found: dict[str, Any]) -> str:
    for name in found:
        prefix, dot, _ = name.partition('.')
        if dot and any(f'{prefix}.{wanted}' in found for wanted in own):
            return f"it holds them below {prefix}: write prefix='{prefix}.' beside it"
    return f'it holds {", ".join(list(found)[:3]) or "nothing"}, ...: another network'
