import pytest
import torch

from mmdet_plus.models.necks import LastStageProjection


@pytest.mark.parametrize('size', [1, 3])
def test_projects_the_last_stage_and_hands_on_the_one_before(size):
    neck = LastStageProjection(4, out_channels=2, kernel_size=size)
    assert neck.conv.conv.weight.shape == (2, 4, size, size)
    stages = (torch.rand(1, 2, 8, 8), torch.rand(1, 4, 4, 4))
    projected, before = neck(stages)
    assert before is stages[0]
    assert projected.shape == (1, 2, 4, 4)
    expected = torch.relu(neck.conv.conv(stages[1]))
    assert torch.equal(projected, expected)


def test_even_kernels_are_refused():
    with pytest.raises(ValueError, match='kernel_size must be odd, got 2'):
        LastStageProjection(4, kernel_size=2)
