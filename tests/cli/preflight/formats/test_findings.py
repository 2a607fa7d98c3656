import pytest
from samples.labelled_folders import write_image

from mmdet_plus.cli.preflight.dataset_configs import DatasetConfig
from mmdet_plus.cli.preflight.formats import findings
from mmdet_plus.cli.preflight.formats.findings import (
    images_to_look_at,
    look_at_images,
    refuse,
)
from mmdet_plus.datasets.checking import Finding
from mmdet_plus.errors import UserError

DATASET = DatasetConfig('train_dataloader.dataset', {})


@pytest.mark.parametrize(('most', 'ids'), [(5, range(5)), (4, [0, 2, 4]), (1, [0])])
def test_many_images_are_thinned_evenly(monkeypatch, most, ids):
    monkeypatch.setattr(findings, 'MOST_LOOKED_AT', most)
    images = [dict(id=i) for i in range(5)]
    assert [image['id'] for image in images_to_look_at(images)] == [*ids]
    assert images_to_look_at([]) == []


def test_errors_in_images_and_their_share_are_told(tmp_path):
    write_image(tmp_path / 'a.jpg', (40, 20))
    image = dict(file_name='a.jpg', width=40, height=20)
    assert look_at_images([image], str(tmp_path), 1) == []
    (part,) = look_at_images([image], str(tmp_path), 3)
    assert (part.is_error, str(part)) == (False, '1 of 3 images were looked at')
    assert look_at_images([], str(tmp_path), 3) == []
    (error,) = look_at_images([dict(image, width=30)], str(tmp_path), 1)
    assert error.is_error


def test_findings_of_a_dataset():
    assert refuse(DATASET, [Finding(False, 'few')]) == [f'{DATASET.key}: few']
    with pytest.raises(UserError, match=rf'^{DATASET.key}: bad\n  worse$'):
        refuse(DATASET, [Finding(True, 'bad'), Finding(True, 'worse')])
