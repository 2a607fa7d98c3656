import contextlib
import io

import numpy as np
import pytest
from samples.detections import random_data

from mmdet_plus.analysis.report import average_precision
from mmdet_plus.analysis.report.detections import read_detections
from mmdet_plus.analysis.report.error_budget import ERRORS, SUMS, error_budget, judge
from mmdet_plus.analysis.report.evaluation import evaluate
from mmdet_plus.analysis.report.ground_truth import read_ground_truth

NAMES = {
    'Cls': 'classification',
    'Loc': 'localisation',
    'Both': 'both',
    'Dupe': 'duplicate',
    'Bkg': 'background',
    'Miss': 'missed',
    'FalsePos': 'false positives',
    'FalseNeg': 'false negatives',
}


def evaluated(content, results, kind='bbox'):
    truth = read_ground_truth(content)
    return evaluate(truth, read_detections(results, truth), kind)


def tide_budget(content, results, kind):
    tidecv = pytest.importorskip('tidecv', reason='tidecv is not installed')
    truth, found = tidecv.Data('truth'), tidecv.Data('found')
    for category in content['categories']:
        truth.add_class(category['id'], category['name'])
    for image in content['images']:
        truth.add_image(image['id'], image['file_name'])
    for a in content['annotations']:
        add = truth.add_ignore_region if a['iscrowd'] else truth.add_ground_truth
        add(a['image_id'], a['category_id'], a['bbox'], a.get('segmentation'))
    for r in results:
        given = r['image_id'], r['category_id'], r['score'], r['bbox']
        found.add_detection(*given, r.get('segmentation'))
    tide = tidecv.TIDE()
    with contextlib.redirect_stdout(io.StringIO()):
        run = tide.evaluate(truth, found, mode='bbox' if kind == 'bbox' else 'mask')
    gains = {**run.fix_main_errors(), **run.fix_special_errors()}
    counts = run.count_errors()
    return run.ap, {
        NAMES[kind.short_name]: (gain, counts.get(kind)) for kind, gain in gains.items()
    }


@pytest.mark.parametrize('kind', ['bbox', 'segm'])
@pytest.mark.parametrize('seed', range(3))
def test_the_budget_is_tides(seed, kind, monkeypatch):
    # A hundredth of COCO's differs from these in the last bit, which can move a recall.
    monkeypatch.setattr(average_precision, 'RECALLS', np.arange(101) / 100)
    content, results = random_data(seed, 40, with_masks=kind == 'segm')
    rng = np.random.default_rng(seed)
    for result in results:  # ties are broken in another order there
        result['score'] = float(rng.random())
    evaluation = evaluated(content, results, kind)
    rows = {r['error']: r for r in error_budget(evaluation, judge(evaluation))}
    if kind == 'segm':
        ordered = sorted(content['annotations'], key=lambda a: a['image_id'])
        for annotation, mask in zip(ordered, evaluation.truth.masks, strict=True):
            annotation['segmentation'] = mask
    ap, expected = tide_budget(content, results, kind)
    assert rows.keys() == expected.keys() == {*ERRORS, *SUMS}
    for name, (gain, count) in expected.items():
        assert rows[name]['gain'] == pytest.approx(gain / 100, abs=1e-9), name
        if count is not None:
            assert rows[name]['count'] == count, name
    total = rows['missed']['ap'] - rows['missed']['gain']
    assert total == pytest.approx(ap / 100, abs=1e-9)
