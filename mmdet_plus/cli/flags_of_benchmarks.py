"""Arguments of the tools that measure times."""

import argparse

import torch

from .arguments import at_least, device_name

LEAST_SIDE = 32  # the largest stride of usual detectors
LEAST_DETECTIONS = 2


def add_timing_arguments(
    parser: argparse.ArgumentParser, *, has_device: bool = True
) -> None:
    """Add how often and where is measured."""
    parser.add_argument(
        '--runs', type=at_least(1), default=10, help='whose median counts; 10'
    )
    parser.add_argument(
        '--threads',
        type=at_least(1),
        default=torch.get_num_threads(),
        help='of PyTorch; default: as many as it takes by itself',
    )
    if has_device:
        parser.add_argument(
            '--device', type=device_name, default='cpu', help='such as cuda:0; cpu'
        )


def add_shape(parser: argparse.ArgumentParser, height: int, width: int) -> None:
    """Add the size of the input."""
    parser.add_argument(
        '--shape',
        type=at_least(LEAST_SIDE),
        nargs=2,
        default=(height, width),
        metavar=('HEIGHT', 'WIDTH'),
        help=f'of the input of the network; {height} {width}',
    )


def add_proposals(parser: argparse.ArgumentParser, count: int) -> None:
    """Add how many proposals an image has."""
    parser.add_argument(
        '--proposals',
        type=at_least(1),
        default=count,
        help=f'of an image, that reach the RoI head; {count}',
    )


def add_detections(parser: argparse.ArgumentParser) -> None:
    """Add how many detections are left."""
    parser.add_argument(
        '--detections',
        type=at_least(LEAST_DETECTIONS),
        default=100,
        help='of an image, that are left; 100',
    )
