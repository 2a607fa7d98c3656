"""A trained detector for tools that look into it."""

import argparse

from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from torch import nn

from ..zoo.file_checks import check_checkpoint
from ..zoo.matching import check_match
from ..zoo.safe_loading import unsafe_loading
from .arguments import add_config_options, add_unsafe_load, device_name
from .config_loading import apply_options, read_config


def add_detector_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``load_detector`` reads."""
    parser.add_argument('config', help='path of the config file')
    parser.add_argument('checkpoint', help='path or URL of the checkpoint')
    parser.add_argument(
        '--device', type=device_name, default='cpu', help='such as cuda:0'
    )
    add_config_options(parser)
    add_unsafe_load(parser)


def load_detector(args: argparse.Namespace) -> tuple[Config, nn.Module]:
    """The config, with its options, and the detector in evaluation mode.

    Raises:
        UserError: for a config, an option or a checkpoint that cannot be used, or a
            checkpoint of another model.
        UnsafeCheckpointError: for a checkpoint that could run code, without
            ``--unsafe-load``.
    """
    check_checkpoint(args.checkpoint)
    cfg = read_config(args.config)
    apply_options(cfg, args.cfg_options)
    init_default_scope(cfg.get('default_scope') or 'mmdet')
    # MMDetection's init_detector hides which weights the checkpoint had.
    model = revert_sync_batchnorm(MODELS.build(cfg.model))
    with unsafe_loading(args.unsafe_load):
        checkpoint = load_checkpoint(model, args.checkpoint, map_location='cpu')
    check_match(model, checkpoint)
    # Where MMDetection's init_detector leaves the names of the classes.
    model.dataset_meta = checkpoint.get('meta', {}).get('dataset_meta')
    return cfg, model.to(args.device).eval()
