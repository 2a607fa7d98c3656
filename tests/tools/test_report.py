import json
import pickle
import shutil

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope
from samples.five_images import five_images

from mmdet_plus.analysis.report.detections import read_detections
from mmdet_plus.analysis.report.ground_truth import read_ground_truth
from mmdet_plus.analysis.report.predictions import from_samples

TOOL = 'report'


@pytest.fixture
def files(tmp_path):
    """Annotations and predictions of the five images, and the images."""
    content, results = five_images()
    truth, found = tmp_path / 'truth.json', tmp_path / 'found.bbox.json'
    truth.write_text(json.dumps(content))
    found.write_text(json.dumps(results))
    (tmp_path / 'images').mkdir()
    for image in content['images']:
        grey = np.full((100, 300, 3), 128, np.uint8)
        cv2.imwrite(str(tmp_path / 'images' / image['file_name']), grey)
    return truth, found


@pytest.fixture
def checkpoint(tiny_config, tmp_path):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(Config.fromfile(str(tiny_config)).model)
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict(), meta={}), tmp_path / 'tiny.pth')
    return tmp_path / 'tiny.pth'


def numbers(folder):
    return json.loads((folder / 'report.json').read_text())


def samples_of(results):
    """What ``tools/test.py --out`` writes of the five images."""
    samples = []
    for image in range(1, 6):
        own = [r for r in results if r['image_id'] == image]
        bboxes = torch.tensor([r['bbox'] for r in own]).float().reshape(-1, 4)
        bboxes[:, 2:] += bboxes[:, :2]
        labels = torch.tensor([r['category_id'] - 1 for r in own])
        found = dict(bboxes=bboxes, labels=labels)
        found['scores'] = torch.tensor([r['score'] for r in own], dtype=torch.float64)
        samples.append(dict(img_id=image, pred_instances=found))
    return samples


def test_report_on_predictions(tool_main, files, tmp_path, capsys):
    truth, found = files
    out = tmp_path / 'out'
    flags = ['--predictions', found, '--ann', truth, '--images', tmp_path / 'images']
    assert tool_main(TOOL, *flags, '--out', out) == 0
    assert f'report: {out / "report.html"}' in capsys.readouterr().out
    measured = numbers(out)
    assert measured['title'] == 'found'
    summary = measured['bbox']['accuracy']['summary']
    assert summary['AP50'] == pytest.approx((36 + 51 + 25.5) / 303)
    assert summary['APl'] is None
    assert 'classification costs most' in ' '.join(measured['lead']).lower()
    page = (out / 'report.html').read_text()
    for caption in ('5.png: dog 0.40', '2.png: cat 0.80, IoU 0.43 with cat'):
        assert caption in page
    assert page.count('data:image/jpeg') >= 5
    assert (out / 'figures/bbox/error_budget.png').stat().st_size > 1000


def test_pickled_predictions_give_the_same(tool_main, files, tmp_path):
    truth, found = files
    content, results = five_images()
    data = read_ground_truth(content)
    path = tmp_path / 'found.pkl'
    path.write_bytes(pickle.dumps(samples_of(results)))
    same = from_samples(samples_of(results), data)
    expected = read_detections(results, data)
    for name in ('images', 'labels', 'scores', 'bboxes', 'ranks'):
        np.testing.assert_allclose(getattr(same, name), getattr(expected, name))
    for predictions, out in ((found, 'a'), (path, 'b')):
        flags = ['--predictions', predictions, '--ann', truth, '--out', tmp_path / out]
        assert tool_main(TOOL, *flags) == 0
    assert numbers(tmp_path / 'a')['bbox'] == numbers(tmp_path / 'b')['bbox']


def test_comparison(tool_main, files, tmp_path):
    truth, found = files
    better = tmp_path / 'better.json'
    results = json.loads(found.read_text())
    results[1]['bbox'] = [0, 0, 10, 10]
    better.write_text(json.dumps(results))
    shared = ['--ann', truth, '--resamples', 50, '--images', tmp_path / 'images']
    flags = ['--compare', found, better, found, '--names', 'x', 'y', 'z', *shared]
    assert tool_main(TOOL, *flags, '--out', tmp_path / 'out') == 0
    measured = numbers(tmp_path / 'out')
    assert measured['title'] == 'y and z against x'
    assert 'z and x differ by 0.000 AP' in measured['lead'][1]
    rows = measured['bbox']['differences']['differences_rows']
    changes = {(r['figure'], r['detector']): r['change'] for r in rows}
    assert changes['AP', 'y'] == pytest.approx((66 - 36) / 303)
    assert changes['AP', 'z'] == 0
    mcnemar = measured['bbox']['objects']['mcnemar_rows']
    # y's best threshold stays at the sixth score: it finds A, B, C and F.
    assert [r['only_second'] for r in mcnemar] == [1, 0]
    page = (tmp_path / 'out/report.html').read_text()
    assert 'Found by y, not by x' in page
    assert '2.png: cat 0.80' in page


def test_report_on_a_checkpoint_and_after_a_test(
    tool_main, tiny_config, checkpoint, tmp_path
):
    given = [tiny_config, checkpoint]
    assert tool_main(TOOL, *given, '--out', tmp_path / 'a') == 0
    flags = ['--eval', 'bbox', '--report', tmp_path / 'b']
    assert tool_main('test', *given, *flags) == 0
    first, second = numbers(tmp_path / 'a'), numbers(tmp_path / 'b')
    assert first['bbox'] == second['bbox']
    assert first['facts']['data'] == '4 images, 8 objects of 2 classes'
    logs = (tmp_path / 'work_dirs/tiny').glob('*/*.json')
    ap = json.loads(next(logs).read_text())['coco/bbox_mAP_50']
    summary = second['bbox']['accuracy']['summary']
    assert round(summary['AP50'], 3) == pytest.approx(ap)
    predictions = tmp_path / 'b/predictions.pkl'
    truth = tmp_path / 'coco/annotations/val.json'
    flags = ['--predictions', predictions, '--ann', truth, '--out', tmp_path / 'c']
    assert tool_main(TOOL, *flags) == 0
    assert numbers(tmp_path / 'c')['bbox'] == second['bbox']


def test_report_on_own_data(tool_main, tiny_config, checkpoint, tmp_path):
    flags = ['--data', tmp_path / 'coco', '--out', tmp_path / 'own']
    assert tool_main(TOOL, tiny_config, checkpoint, *flags) == 0
    measured = numbers(tmp_path / 'own')
    assert measured['facts']['data'] == '4 images, 8 objects of 2 classes'
    assert 'method' in measured


def test_no_detections_and_classes_without_objects(tool_main, files, tmp_path):
    truth, found = files
    content = json.loads(truth.read_text())
    content['categories'].append(dict(id=7, name='cow'))
    truth.write_text(json.dumps(content))
    found.write_text('[]')
    flags = ['--predictions', found, '--ann', truth, '--out', tmp_path / 'out']
    assert tool_main(TOOL, *flags) == 0
    page = (tmp_path / 'out/report.html').read_text()
    assert 'There are no detections at all' in page
    assert 'No objects of 1 classes (cow)' in page
    summary = numbers(tmp_path / 'out')['bbox']['accuracy']['summary']
    assert summary['AP'] == 0
    flags = ['--compare', found, found, '--names', 'a', 'b', '--ann', truth]
    flags += ['--resamples', 5, '--out', tmp_path / 'two']
    assert tool_main(TOOL, *flags) == 0


def test_remarks_are_printed_and_on_the_page(tool_main, files, tmp_path, capsys):
    truth, _ = files
    _, results = five_images()
    path = tmp_path / 'found.pkl'
    path.write_bytes(pickle.dumps(samples_of(results)[:3]))
    remark = '2 of 5 images are not in the predictions'
    flags = ['--predictions', path, '--ann', truth, '--out', tmp_path / 'one']
    assert tool_main(TOOL, *flags) == 0
    assert f'warning: {path}: {remark}' in capsys.readouterr().err
    assert remark in (tmp_path / 'one/report.html').read_text()
    flags = ['--compare', path, files[1], '--names', 'x', 'y', '--ann', truth]
    flags += ['--resamples', 5, '--out', tmp_path / 'two']
    assert tool_main(TOOL, *flags) == 0
    assert f'x: {remark}' in (tmp_path / 'two/report.html').read_text()


def test_files_of_one_name_are_called_by_the_folders_that_differ(
    tool_main, files, tmp_path
):
    truth, found = files
    paths = [tmp_path / name / 'run' / found.name for name in 'AB']
    for path in paths:
        path.parent.mkdir(parents=True)
        shutil.copy(found, path)
    flags = ['--compare', *paths, '--ann', truth, '--resamples', 5]
    assert tool_main(TOOL, *flags, '--out', tmp_path / 'out') == 0
    assert numbers(tmp_path / 'out')['title'] == 'B against A'


class Dangerous:
    def __reduce__(self):
        return eval, ('open("ran", "w")',)


def test_bad_input(tool_main, files, tmp_path, capsys):
    truth, found = files
    _, results = five_images()
    out = ['--out', tmp_path / 'out']

    def error(*flags):
        assert tool_main(TOOL, *flags, *out) == 2
        shown = capsys.readouterr().err
        assert 'Traceback' not in shown
        return shown

    def with_results(content, name='bad.json'):
        path = tmp_path / name
        is_text = name.endswith('json')
        path.write_bytes(
            json.dumps(content).encode() if is_text else pickle.dumps(content)
        )
        return error('--predictions', path, '--ann', truth)

    first = results[0]
    assert 'have no image 9' in with_results([dict(first, image_id=9)])
    assert 'another data set' in with_results([dict(first, image_id=9)])
    assert 'have no category 9' in with_results([dict(first, category_id=9)])
    nan = float('nan')
    assert 'finite score' in with_results([dict(first, score=nan)])
    assert 'four finite numbers' in with_results([dict(first, bbox=[0, 0, 1])])
    assert 'detection 0 has no' in with_results([dict(image_id=1)])
    assert 'no list of detections' in with_results(dict(a=1))
    assert 'builtins.eval' in with_results([Dangerous()], 'bad.pkl')
    assert not (tmp_path / 'ran').exists()
    assert 'no list of predictions' in with_results([1], 'bad.pkl')
    samples = samples_of(results)
    samples[0]['pred_instances']['labels'][0] = 5
    assert 'image 1 has labels from 5 to 5' in with_results(samples, 'bad.pkl')
    samples[0]['pred_instances']['labels'][0] = 0
    samples[0]['pred_instances']['scores'][0] = nan
    assert 'not finite' in with_results(samples, 'bad.pkl')
    samples = samples_of(results)
    samples[2]['pred_instances']['scores'] = torch.zeros(2)
    assert 'image 3 has 3 bboxes, 2 scores, 3 labels' in with_results(
        samples, 'bad.pkl'
    )
    samples = samples_of(results)
    shown = with_results([*samples, samples[1]], 'bad.pkl')
    assert 'image 2 is there twice' in shown
    samples[3]['pred_instances']['bboxes'] = torch.zeros(3, 5)
    assert 'image 4 has bboxes of shape (3, 5)' in with_results(samples, 'bad.pkl')
    samples = samples_of(results)
    samples[2]['pred_instances']['scores'][1] = 7
    assert 'image 3: detection 1 has a score outside' in with_results(
        samples, 'bad.pkl'
    )
    samples = samples_of(results)
    samples[2]['pred_instances']['labels'] = torch.tensor([1, 0.5, 0])
    assert 'image 3 has labels that are no' in with_results(samples, 'bad.pkl')
    assert 'absent.json does not exist' in error(
        '--predictions', 'absent.json', '--ann', truth
    )
    assert 'need --ann' in error('--predictions', found)
    assert 'a CONFIG needs a CHECKPOINT' in error('config.py')
    assert 'give CONFIG CHECKPOINT' in error('--ann', truth)
    assert 'two files at least' in error('--compare', found, '--ann', truth)
    same = ['--compare', found, found, '--ann', truth]
    assert 'a name of its own' in error(*same)
    assert 'a name of its own' in error(*same, '--names', 'a', 'a')
    flags = ['--predictions', found, '--ann', truth]
    assert '--data needs CONFIG and CHECKPOINT' in error(*flags, '--data', tmp_path)
    assert '--classes needs --data' in error(*flags, '--classes', 'cat')
    for flag, needed in (
        (['--seed', 0], '--seed needs --compare'),
        (['--resamples', 10], '--resamples needs --compare'),
        (['--work-dir', 'x'], '--work-dir needs CONFIG and CHECKPOINT'),
        (['--cfg-options', 'a=1'], '--cfg-options needs CONFIG and CHECKPOINT'),
        (['--unsafe-load'], '--unsafe-load needs CONFIG and CHECKPOINT'),
        (['--launcher', 'pytorch'], '--launcher needs CONFIG and CHECKPOINT'),
    ):
        assert needed in error(*flags, *flag)
    for flag in ('--ann', '--images', '--names'):
        message = f'{flag} needs --predictions or --compare'
        assert message in error('config.py', 'x.pth', flag, tmp_path)
    assert 'absent is no folder' in error(*flags, '--images', 'absent')
    assert 'no annotation file' in error('--predictions', found, '--ann', found)
    content = json.loads(truth.read_text())
    truth.write_text(json.dumps(dict(content, annotations=[])))
    assert 'has no objects' in error(*flags)
    assert not (tmp_path / 'out').exists()
    out = ['--out', truth]
    assert 'truth.json is a file' in error(*flags)


def test_folders_without_the_images(tool_main, files, tmp_path, capsys):
    truth, found = files
    (tmp_path / 'empty').mkdir()
    flags = ['--predictions', found, '--ann', truth, '--out', tmp_path / 'report']
    assert tool_main('report', *flags, '--images', tmp_path / 'empty') == 2
    assert 'error: --images: 5 of 5 images are not in' in capsys.readouterr().err
    assert not (tmp_path / 'report').exists()
    next((tmp_path / 'images').iterdir()).unlink()
    assert tool_main('report', *flags, '--images', tmp_path / 'images') == 0
    assert 'warning: --images: 1 of 5 images are not in' in capsys.readouterr().err
