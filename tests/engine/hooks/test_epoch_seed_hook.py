import random
from functools import partial
from types import SimpleNamespace

import numpy as np
import torch
from mmdet.registry import HOOKS
from mmengine.dataset import worker_init_fn
from torch.utils.data import DataLoader, Dataset

from mmdet_plus.engine.hooks.epoch_seed_hook import EpochSeedHook, epoch_seed


class RandomDataset(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return random.random(), np.random.rand(), torch.rand(()).item()


def loader(num_workers=0):
    init = partial(worker_init_fn, num_workers=num_workers, rank=0, seed=5)
    return DataLoader(RandomDataset(), num_workers=num_workers, worker_init_fn=init)


def start_epoch(train_dataloader, epoch, seed=5):
    HOOKS.build(dict(type='EpochSeedHook')).before_train_epoch(
        SimpleNamespace(
            seed=seed, epoch=epoch, iter=4 * epoch, train_dataloader=train_dataloader
        )
    )


def draw(train_dataloader, epoch, seed=5):
    start_epoch(train_dataloader, epoch, seed)
    return torch.stack([torch.stack(row) for row in train_dataloader])


def test_numbers_depend_on_seed_and_epoch_only():
    data = loader()
    first, second = draw(data, 0), draw(data, 1)
    assert torch.equal(draw(data, 1), second)
    for other in (first, draw(data, 1, seed=6)):
        assert (other != second).all()


def test_new_workers_get_the_seed_of_the_epoch():
    data = loader(num_workers=2)
    first, second = draw(data, 0), draw(data, 1)
    assert (first != second).all()
    assert torch.equal(draw(loader(num_workers=2), 1), second)


def test_without_the_hook_workers_repeat_the_epoch():
    data = loader(num_workers=2)
    epochs = [torch.stack([torch.stack(row) for row in data]) for _ in range(2)]
    assert torch.equal(*epochs)


def test_seed_leaves_room_for_worker_numbers():
    seeds = {epoch_seed(0, epoch, 0) for epoch in range(100)}
    assert len(seeds) == 100
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_foreign_worker_init_fn_is_left_alone():
    data = DataLoader(RandomDataset(), worker_init_fn=print)
    start_epoch(data, 0)
    assert data.worker_init_fn is print
    assert isinstance(HOOKS.build(dict(type='EpochSeedHook')), EpochSeedHook)
