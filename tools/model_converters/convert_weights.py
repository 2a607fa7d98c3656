"""Convert weights of the authors' code bases to a config of this package.

    python tools/model_converters/convert_weights.py SOURCE CONFIG OUT --layout NAME

SOURCE is a PyTorch checkpoint, a ``.caffemodel`` or an MXNet ``.params`` file. Shapes
are checked; names that no rule knows and weights that nothing was found for are listed.
Rules for such names come in a YAML file with ``--rules``; they go before those of the
layout:

    - {pattern: 'Head\\.fc1\\.(.+)', name: 'roi_head.bbox_head.shared_fcs.0.\\1'}
    - {pattern: 'Head\\.cls\\.(.+)', name: 'roi_head.bbox_head.fc_cls.\\1',
       change: background_last}
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope
from torch import Tensor

from mmdet_plus.cli.arguments import ToolParser, add_unsafe_load
from mmdet_plus.cli.config_loading import read_config
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.errors import UserError
from mmdet_plus.zoo.conversion.caffe_files import read_caffemodel
from mmdet_plus.zoo.conversion.layouts import LAYOUTS
from mmdet_plus.zoo.conversion.mxnet_files import read_params
from mmdet_plus.zoo.conversion.rules import convert, read_rules
from mmdet_plus.zoo.safe_loading import load_checkpoint_file


def read_weights(path: Path, *, unsafe: bool) -> Mapping[str, Tensor]:
    """The weights in a file by their foreign names."""
    if path.suffix == '.caffemodel':
        return read_caffemodel(path)
    if path.suffix == '.params':
        return read_params(path)
    content = load_checkpoint_file(path, unsafe=unsafe)
    for key in ('state_dict', 'model'):
        inner = content.get(key)
        content = inner if isinstance(inner, dict) else content
    return content


def own_weights(config: Path) -> dict[str, Tensor]:
    """Names and shapes of the weights of a config's model."""
    cfg = read_config(str(config))
    init_default_scope('mmdet')
    if 'model' not in cfg:
        raise UserError(f'{config} has no model')
    return MODELS.build(cfg.model).state_dict()


def run(argv: Sequence[str] | None) -> None:
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument('source', type=Path, help='file to convert')
    parser.add_argument('config', type=Path, help='config of the model')
    parser.add_argument('out', type=Path, help='checkpoint to write')
    parser.add_argument('--layout', choices=sorted(LAYOUTS), required=True)
    parser.add_argument('--rules', type=Path, help='file with more rules')
    add_unsafe_load(parser)
    args = parser.parse_args(argv)
    try:
        source = read_weights(args.source, unsafe=args.unsafe_load)
        rules = read_rules(args.rules) if args.rules else []
        rules += LAYOUTS[args.layout]
        result = convert(source, rules, own_weights(args.config))
    except (ValueError, FileNotFoundError) as error:
        raise UserError(str(error)) from error
    if not result.state_dict:
        raise UserError(f'{args.source} holds no weight that {args.layout} knows')
    for title, names in (('unused', result.unused), ('missing', result.missing)):
        for name in names:
            print(f'{title}: {name}')
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=result.state_dict, meta={}), args.out)
    print(
        f'{args.out}: {len(result.state_dict)} weights; '
        f'{len(result.unused)} unused, {len(result.missing)} missing'
    )


def main(argv: Sequence[str] | None = None) -> int:
    return run_tool(run, argv)


if __name__ == '__main__':
    sys.exit(main())
