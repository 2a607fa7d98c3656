import pytest
import torch


@pytest.fixture(autouse=True)
def _without_compilation():
    """oneDNN compiles a kernel for every new shape, which takes longest by far."""
    with torch.backends.mkldnn.flags(enabled=False):
        yield
