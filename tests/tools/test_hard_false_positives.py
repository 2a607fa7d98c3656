import csv
import json

import pytest

TOOL = 'analysis_tools/hard_false_positives'


def detection(image, category, x, score):
    return dict(image_id=image, category_id=category, bbox=[x, 0, 10, 10], score=score)


@pytest.fixture
def files(tmp_path):
    """Two objects of class 1 in two images, and the detections of two detectors."""
    annotations = [
        dict(id=i, image_id=i, category_id=1, bbox=[0, 0, 10, 10], area=100, iscrowd=0)
        for i in (1, 2)
    ]
    content = dict(
        images=[dict(id=i, width=90, height=20) for i in (1, 2)],
        annotations=annotations,
        categories=[dict(id=1, name='a'), dict(id=2, name='b')],
    )
    found = [detection(1, 1, 0, 0.8), detection(2, 1, 0, 0.3)]
    wrong = [detection(1, 2, 0, 0.9), detection(2, 1, 50, 0.85)]
    paths = [tmp_path / name for name in ('truth.json', 'bad.json', 'good.json')]
    for path, data in zip(paths, (content, found + wrong, found), strict=True):
        path.write_text(json.dumps(data))
    return paths


def test_tables_and_pictures(tool_main, files, tmp_path, capsys):
    assert tool_main(TOOL, *files, '--names', 'base', 'dcr') == 0
    shown = capsys.readouterr().out
    # Precision 1/2 and 2/3 for class 1 with the false positive at 0.85, 1 without.
    assert '| base | 0.667 | 1.000 | 1 | 2 | 0 | 1 | 0 | 1 | 2 |' in shown
    assert '| dcr | 1.000 | 1.000 | 1 | 0 | 0 | 0 | 0 | 0 | 0 |' in shown
    out = tmp_path / 'work_dirs/false_positives'
    with (out / 'intervals.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    base = {row['score_low']: row for row in rows if row['detector'] == 'base'}
    assert (base['0.9']['confusion'], base['0.8']['background']) == ('1', '1')
    with (out / 'hypothetical_ap.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    aps = {r['score_thr']: float(r['ap50']) for r in rows if r['detector'] == 'base'}
    assert aps['0.8'] == 1
    assert aps['0.9'] == aps['1.0'] == pytest.approx(2 / 3)
    for picture in ('intervals.png', 'hypothetical_ap.png'):
        assert (out / picture).stat().st_size > 1000


def test_threshold_is_an_option(tool_main, files, capsys):
    assert tool_main(TOOL, *files[:2], '--score-thr', 0.87) == 0
    assert (
        '| bad | 0.667 | 0.667 | 0 | 1 | 0 | 1 | 0 | 0 | 0 |' in capsys.readouterr().out
    )


def test_errors(tool_main, files, tmp_path, capsys):
    def error(*argv):
        assert tool_main(TOOL, *argv) == 2
        return capsys.readouterr().err

    assert 'absent.json does not exist' in error(files[0], 'absent.json')
    assert 'has no detections in COCO format' in error(files[0], files[0])
    assert 'has no annotations in COCO format' in error(files[1], files[1])
    assert 'a name of its own' in error(*files, '--names', 'same', 'same')
    pickle = tmp_path / 'results.pkl'
    pickle.write_bytes(b'\x80\x04]\x94.')
    assert 'is no JSON file' in error(files[0], pickle)
    files[2].write_text(json.dumps([detection(7, 1, 0, 0.5)]))
    assert 'have no image 7' in error(*files)
    whole = detection(1, 1, 0, 0.5)
    for wrong, message in (
        (3, 'detection 1 is 3'),
        (dict(image_id=1, category_id=1, bbox=[0, 0, 1, 1]), "1 has no 'score'"),
        (dict(whole, score=float('nan')), 'detection 1 needs four numbers and a score'),
        (dict(whole, bbox=[0, 0, 1]), 'detection 1 needs four numbers and a score'),
        (dict(whole, score='0.5'), 'detection 1 needs four numbers and a score'),
    ):
        files[2].write_text(json.dumps([whole, wrong]))
        assert message in error(files[0], files[2])
    assert '--iou-thr: must be a finite number above 0' in error(
        *files, '--iou-thr', '0'
    )
    assert '--score-thr: must be a finite' in error(*files, '--score-thr', 'nan')
    assert 'is a folder' in error(files[0], tmp_path)
    assert 'bad.json is a file' in error(*files[:2], '--out-dir', files[1])
    assert not (tmp_path / 'work_dirs').exists()


def test_annotation_files_that_cannot_be_used(tool_main, files, tmp_path, capsys):
    good = json.loads(files[0].read_text())
    first = good['annotations'][0]
    for change, message in (
        (dict(annotations=[]), 'truth.json has no objects'),
        (dict(annotations=[dict(first, image_id=7)]), 'annotation 1: image_id 7 is'),
        (dict(annotations=[dict(first, category_id=7)]), '1: category_id 7 is not'),
        (dict(annotations=[dict(first, bbox=None)]), 'annotation 1 has no bbox'),
    ):
        files[0].write_text(json.dumps({**good, **change}))
        assert tool_main(TOOL, *files[:2]) == 2
        assert message in capsys.readouterr().err
    del good['categories']
    files[0].write_text(json.dumps(good))
    assert tool_main(TOOL, *files[:2]) == 2
    assert "COCO format: there is no 'categories'" in capsys.readouterr().err
    assert not (tmp_path / 'work_dirs').exists()
