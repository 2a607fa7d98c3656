"""Makes MMPretrain's backbones known as ``mmpretrain.ConvNeXt`` and so on.

For ``custom_imports`` of configs whose backbone is MMPretrain's, which this package
works without.
"""

from ...errors import UserError

try:
    import mmpretrain.models  # noqa: F401
except Exception as error:  # also of parts that do not fit each other
    raise UserError(
        'the backbone is one of MMPretrain, which cannot be imported '
        f'({type(error).__name__}: {error}): pip install onedl-mmpretrain torchvision'
    ) from error
