import pytest

from mmdet_plus.models.roi_heads.unsupported_parts import refuse_parts


def test_parts_are_refused_by_name():
    cfg = dict(shared_head=None, mask_head=dict(type='FCNMaskHead'))
    refuse_parts('OneRoIHead', cfg, 'shared_head', 'grid_head')
    with pytest.raises(ValueError, match='OneRoIHead has no mask_head: leave it out'):
        refuse_parts('OneRoIHead', cfg, 'shared_head', 'mask_head')
