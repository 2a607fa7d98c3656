"""Two processes train D2Det together although one of them sees no ground truth."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

CONFIG = Path(__file__).parents[2] / 'configs/d2det/d2det_r18_fpn_1x_shapes.py'
SECONDS = 120

WORKER = """
import sys
from datetime import timedelta

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

import mmdet_plus

config, folder, rank = sys.argv[1], sys.argv[2], int(sys.argv[3])
distributed.init_process_group(
    'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2,
    timeout=timedelta(seconds=60))


def sample(boxes):
    meta = dict(img_shape=(128, 128), ori_shape=(128, 128), scale_factor=(1.0, 1.0))
    truth = InstanceData(
        bboxes=torch.tensor(boxes).reshape(-1, 4),
        labels=torch.arange(len(boxes)))
    return DetDataSample(
        metainfo=meta, gt_instances=truth,
        ignored_instances=InstanceData(
            bboxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.long)))


torch.manual_seed(0)
with DefaultScope.overwrite_default_scope('mmdet'):
    model = MODELS.build(Config.fromfile(config).model).train()
torch.manual_seed(rank)
boxes = [] if rank else [[10.0, 10.0, 70.0, 80.0], [60.0, 30.0, 120.0, 90.0]]
images = [torch.randint(0, 255, (3, 128, 128), dtype=torch.uint8) for _ in range(2)]
batch = dict(inputs=images, data_samples=[sample(boxes) for _ in images])
batch = model.data_preprocessor(batch, training=True)
parallel = DistributedDataParallel(
    model, broadcast_buffers=False, find_unused_parameters=False)
losses = parallel(**batch, mode='loss')
total, _ = model.parse_losses(losses)
total.backward()
grads = {name: p.grad for name, p in model.named_parameters() if p.requires_grad}
torch.save(dict(keys=list(losses), grads=grads), f'{folder}/{rank}.pth')
distributed.destroy_process_group()
"""


def run_both(folder: Path) -> list[dict]:
    script = folder / 'worker.py'
    script.write_text(WORKER)
    environment = dict(os.environ, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='')
    command = [sys.executable, str(script), str(CONFIG), str(folder)]
    workers = [
        subprocess.Popen(
            [*command, str(rank)], env=environment, stderr=subprocess.PIPE, text=True
        )
        for rank in range(2)
    ]
    end = time.monotonic() + SECONDS
    try:
        for worker in workers:
            _, errors = worker.communicate(timeout=end - time.monotonic())
            assert worker.returncode == 0, errors
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    return [torch.load(folder / f'{rank}.pth') for rank in range(2)]


@pytest.mark.slow
def test_rank_without_ground_truth_takes_part(tmp_path):
    with_truth, without = run_both(tmp_path)
    assert with_truth['keys'] == without['keys']
    for name, grad in with_truth['grads'].items():
        assert grad is not None, name
        assert torch.equal(grad, without['grads'][name]), name
        assert grad.isfinite().all(), name
    learnt = [name for name, grad in without['grads'].items() if grad.any()]
    for part in ('rpn_head.rpn_reg', 'bbox_head.fc_cls', 'reg_head.offset_conv'):
        assert any(part in name for name in learnt), part
