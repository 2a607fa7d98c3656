import torch

from mmdet_plus.models.roi_heads.feature_precision import without_bfloat16


def test_only_bfloat16_changes():
    feats = tuple(
        torch.full((1, 2), 0.5, dtype=dtype)
        for dtype in (torch.bfloat16, torch.float16, torch.float32)
    )
    results = without_bfloat16(feats)
    assert [f.dtype for f in results] == [torch.float32, torch.float16, torch.float32]
    assert results[1] is feats[1]
    assert all((f == 0.5).all() for f in results)
