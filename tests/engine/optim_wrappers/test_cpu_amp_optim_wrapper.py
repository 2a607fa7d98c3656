import torch
from mmdet.registry import OPTIM_WRAPPERS
from torch import nn

import mmdet_plus  # noqa: F401


def test_forward_is_bfloat16_and_parameters_stay_float32():
    model = nn.Linear(3, 2)
    wrapper = OPTIM_WRAPPERS.build(
        dict(
            type='CpuAmpOptimWrapper',
            optimizer=torch.optim.SGD(model.parameters(), 1.0),
        )
    )
    before = model.weight.detach().clone()
    with wrapper.optim_context(model):
        output = model(torch.ones(4, 3))
    assert output.dtype == torch.bfloat16
    wrapper.update_params(output.float().sum())
    assert model.weight.dtype == torch.float32
    torch.testing.assert_close(model.weight, before - 4)
