import json
from pathlib import Path

import numpy as np
import pytest
from mmdet.datasets import CocoDataset

from mmdet_plus.analysis.report.data_sets import read_data_set
from mmdet_plus.datasets.folders import recognise
from mmdet_plus.errors import UserError


def build(folder, **changes):
    arguments = dict(
        data_root=str(folder),
        ann_file='annotations/val.json',
        data_prefix=dict(img='images/'),
        metainfo=dict(classes=('square', 'disc')),
        test_mode=True,
        pipeline=[],
    )
    return CocoDataset(**{**arguments, **changes})


def test_objects_of_a_coco_file(coco_folder):
    data = read_data_set(build(coco_folder))
    assert data.truth.class_names == ('square', 'disc')
    assert data.truth.counts.tolist() == [4, 4]
    assert data.places == {0: 0, 1: 1, 2: 2, 3: 3}
    assert all(Path(name).is_file() for name in data.truth.files)


def test_classes_that_do_not_count_are_left_out(coco_folder):
    data = read_data_set(build(coco_folder, metainfo=dict(classes=('disc',))))
    assert data.truth.class_names == ('disc',)
    assert data.truth.counts.tolist() == [4]


def test_other_formats_are_what_mmdetection_reads():
    class Boxes:
        metainfo = dict(classes=('a', 'b'))
        infos = [
            dict(
                img_id='x',
                img_path='x.png',
                height=10,
                width=20,
                instances=[
                    dict(bbox=[1, 2, 5, 4], bbox_label=1, ignore_flag=0),
                    dict(bbox=[0, 0, 3, 3], bbox_label=0, ignore_flag=1),
                ],
            ),
            dict(img_id='y', img_path='y.png', height=10, width=20, instances=[]),
        ]

        def __len__(self):
            return len(self.infos)

        def get_data_info(self, index):
            return self.infos[index]

    data = read_data_set(Boxes())
    assert data.places == {'x': 0, 'y': 1}
    assert data.truth.files == ('x.png', 'y.png')
    assert data.truth.bboxes.tolist() == [[1, 2, 4, 2], [0, 0, 3, 3]]
    assert data.truth.areas.tolist() == [8, 9]
    assert data.truth.crowd.tolist() == [False, True]
    assert data.truth.counts.tolist() == [0, 1]


def test_own_folders(coco_folder):
    data = recognise(str(coco_folder), val_fraction=None, split_seed=None)
    dataset = data.dataset('val')
    found = read_data_set(dataset)
    assert found.truth.class_names == tuple(dataset.metainfo['classes'])
    assert found.truth.counts.sum() == 2 * len(dataset)
    np.testing.assert_array_equal(np.unique(found.truth.labels), [0, 1])


def test_nothing_to_find(coco_folder, edit_annotations):
    edit_annotations('val', lambda content: content.update(annotations=[]))
    with pytest.raises(UserError, match='has no objects'):
        read_data_set(build(coco_folder))


def test_files_with_ids_twice(coco_folder):
    path = coco_folder / 'annotations/val.json'
    content = json.loads(path.read_text())
    content['images'].append(content['images'][0])
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match='two of image 0'):
        read_data_set(build(coco_folder))
