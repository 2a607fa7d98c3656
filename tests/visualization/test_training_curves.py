import json

import cv2
import pytest

from mmdet_plus.visualization import plot_training_curves, read_scalars

RECORDS = [
    dict(step=10, loss=4.0, loss_cls=3.0, lr=0.1),
    dict(step=20, loss=2.0, loss_cls=1.5, lr=0.1),
    {'step': 1, 'coco/bbox_mAP': 0.2, 'coco/bbox_mAP_50': 0.4, 'coco/bbox_mAP_75': 0.1},
]


def write_run(work_dir, name, records):
    path = work_dir / name / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text('\n'.join(map(json.dumps, records)))


def test_the_newest_run_is_read(tmp_path):
    write_run(tmp_path, '20260101_000000', RECORDS[:1])
    write_run(tmp_path, '20260102_000000', RECORDS)
    assert read_scalars(tmp_path) == RECORDS


def test_no_run_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'scalars\.json'):
        read_scalars(tmp_path)


@pytest.mark.parametrize('records', [RECORDS, RECORDS[:2], []])
def test_picture_is_written(tmp_path, records):
    out_file = tmp_path / 'curves.png'
    plot_training_curves(records, out_file)
    assert cv2.imread(str(out_file)).shape[1] > 1000


def test_more_records_change_the_picture(tmp_path):
    plot_training_curves(RECORDS[:2], tmp_path / 'a.png')
    plot_training_curves(RECORDS, tmp_path / 'b.png')
    assert (tmp_path / 'a.png').read_bytes() != (tmp_path / 'b.png').read_bytes()
