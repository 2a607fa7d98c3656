import json

from samples.labelled_folders import write_yolo

from mmdet_plus.analysis.data_check.page import as_json, write_page
from mmdet_plus.analysis.data_check.summary import summarise
from mmdet_plus.datasets.checking import examine
from mmdet_plus.datasets.folders import recognise


def test_page_escapes_names_and_shows_pictures(tmp_path):
    root = write_yolo(
        tmp_path / 'data', 'images/{split}', "names: ['<b>cat</b>', dog]\n"
    )
    path = root / 'labels/train/a.txt'
    path.write_text(path.read_text() + '\n1 0.99 0.5 0.5 0.5')
    examination = examine(recognise(str(root)))
    summaries = {name: summarise(c) for name, c in examination.contents.items()}
    content = as_json(examination, summaries, dict(train={'IoU 0.5': 0.25}))
    write_page(examination, content, tmp_path / 'out')
    page = (tmp_path / 'out/index.html').read_text()
    assert '&lt;b&gt;cat&lt;/b&gt;' in page
    assert '<b>cat</b>' not in page
    assert '25.0 % of objects have one' in page
    number = next(
        index
        for index, (_, one) in enumerate(examination.findings)
        if 'leave' in one.message
    )
    assert f'src="pictures/{number}_0.jpg"' in page
    assert json.loads((tmp_path / 'out/data.json').read_text()) == json.loads(
        json.dumps(content)
    )
