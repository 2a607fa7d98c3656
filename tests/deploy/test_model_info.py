import pytest
from samples.deploy import model_info

from mmdet_plus.deploy.model_info import from_metadata


def test_metadata_is_text_and_comes_back():
    info = model_info(class_names=['a b', 'ü'], nms=dict(type='nms'))
    metadata = info.to_metadata()
    assert all(isinstance(value, str) for value in metadata.values())
    assert metadata['mmdet_plus.class_names'] == '["a b", "\\u00fc"]'
    assert from_metadata(metadata) == info


def test_other_files_are_refused():
    metadata = model_info().to_metadata()
    del metadata['mmdet_plus.shape']
    with pytest.raises(ValueError, match=r'no mmdet_plus.shape.*by mmdet_plus'):
        from_metadata(metadata)
