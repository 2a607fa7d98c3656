"""Makes random numbers depend on the epoch, not on what ran before it."""

import random
from functools import partial

import numpy as np
import torch
from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Reseeds Python, NumPy and PyTorch at the start of every training epoch.

    A checkpoint of MMEngine holds no state of the random number generators. With this
    hook a training that is resumed from the checkpoint of an epoch draws the numbers
    the uninterrupted one drew, and ends with the same weights. What must hold:

    - ``randomness.seed`` is set. Without it MMEngine draws a new seed, and gives the
      checkpoint's seed back too late for the sampler.
    - The operations are deterministic (``randomness.deterministic=True``).
    - The workers of the data loader end with the epoch: ``num_workers=0`` or
      ``persistent_workers=False``. Persistent workers live on with their own state.

    Workers that are started anew each epoch are seeded by MMEngine's
    ``worker_init_fn`` from the run's seed, the rank and their number only: each epoch
    would repeat the augmentations of the first. The hook gives them the epoch's seed.
    """

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed this process, and the workers about to be started."""
        seed = epoch_seed(runner.seed, runner.epoch, runner.iter)
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        _seed_new_workers(runner.train_dataloader, seed)


def epoch_seed(base_seed: int, epoch: int, iteration: int) -> int:
    """Mix three numbers into a seed.

    Args:
        base_seed: the run's seed.
        epoch: epochs finished so far.
        iteration: iterations finished so far; tells the starts of a training without
            epochs apart.

    Returns:
        A number in [0, 2**31), so that worker numbers can be added to it.
    """
    mixed = np.random.SeedSequence([base_seed, epoch, iteration])
    return int(mixed.generate_state(1)[0]) % 2**31


def _seed_new_workers(loader: DataLoader, seed: int) -> None:
    init = loader.worker_init_fn
    if isinstance(init, partial) and 'seed' in init.keywords:
        loader.worker_init_fn = partial(init, seed=seed)
