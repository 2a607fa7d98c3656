import json

import pytest

TOOL = 'analysis_tools/ap_by_iou'
TRUTH = dict(
    images=[dict(id=1, width=100, height=100)],
    categories=[dict(id=1, name='one')],
    annotations=[
        dict(id=1, image_id=1, category_id=1, bbox=[0, 0, 10, 10], area=100, iscrowd=0)
    ],
)


@pytest.fixture
def files(tmp_path):
    ann = tmp_path / 'ann.json'
    ann.write_text(json.dumps(TRUTH))
    results = []
    for name, height in (('loose', 6.5), ('tight', 9.5)):
        box = dict(image_id=1, category_id=1, bbox=[0, 0, 10, height], score=0.9)
        results.append(tmp_path / f'{name}.bbox.json')
        results[-1].write_text(json.dumps([box]))
    return ann, results


def test_one_row_for_each_file(tool_main, files, capsys, tmp_path):
    ann, results = files
    picture = tmp_path / 'ap.png'
    assert tool_main(TOOL, *results, '--ann', ann, '--out', picture) == 0
    lines = [x for x in capsys.readouterr().out.splitlines() if x.startswith('|')]
    assert lines[0] == '| results | AP0.5 | AP0.6 | AP0.7 | AP0.8 | AP0.9 |'
    assert lines[2] == '| loose | 1.000 | 1.000 | 0.000 | 0.000 | 0.000 |'
    assert lines[3] == '| tight | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 |'
    assert picture.stat().st_size > 1000


def test_files_that_do_not_exist_are_named(tool_main, files, capsys):
    ann, results = files
    assert tool_main(TOOL, 'absent.json', '--ann', ann) == 2
    assert 'absent.json does not exist' in capsys.readouterr().err
    assert tool_main(TOOL, *results, '--ann', 'no.json') == 2
    assert 'no.json does not exist' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(image_id=9), 'the annotations have no image_id 9'),
        (dict(category_id=9), 'the annotations have no category_id 9'),
        (dict(bbox=[1, 2]), 'needs four numbers and a score'),
        (dict(score=None), 'needs four numbers and a score'),
        (dict(image_id=[1]), 'the annotations have no image_id [1]'),
        (dict(image_id=None), 'the annotations have no image_id None'),
    ],
)
def test_results_that_do_not_fit(tool_main, files, capsys, tmp_path, change, message):
    box = dict(image_id=1, category_id=1, bbox=[0, 0, 10, 5], score=0.9)
    path = tmp_path / 'other.json'
    path.write_text(json.dumps([box | change]))
    assert tool_main(TOOL, path, '--ann', files[0]) == 2
    assert f'other.json does not fit {files[0]}' in (err := capsys.readouterr().err)
    assert message in err


def test_files_and_overlaps_that_cannot_be(tool_main, files, capsys):
    ann, results = files
    assert tool_main(TOOL, ann, '--ann', results[0]) == 2
    assert 'has no detections in COCO format' in capsys.readouterr().err
    assert tool_main(TOOL, results[0], '--ann', ann, '--iou-thrs', 50) == 2
    assert '--iou-thrs: must be a finite number from 0 to 1' in capsys.readouterr().err
    assert tool_main(TOOL, results[0], '--ann', ann, '--out', 'a.txt') == 2
    assert 'a.txt must end as pictures do' in capsys.readouterr().err
