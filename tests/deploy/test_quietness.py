import logging
import warnings

import pytest

from mmdet_plus.deploy.quietness import quiet


def test_warnings_of_libraries_are_silent_inside_only(caplog):
    logger = logging.getLogger('torch.onnx')
    before = logger.level
    with quiet(), warnings.catch_warnings(record=True) as seen:
        warnings.warn('deprecated', FutureWarning, stacklevel=1)
        logger.warning('nothing to see')
        logger.error('a fault')
    assert seen == []
    assert [record.message for record in caplog.records] == ['a fault']
    assert logger.level == before
    with pytest.warns(FutureWarning):
        warnings.warn('deprecated', FutureWarning, stacklevel=1)
