import json

from mmdet_plus.zoo.overview import overview


def test_a_row_for_every_model(tmp_path):
    file = {
        'URLs': ['https://example.com/net.pth'], 'SHA256': 'ab' * 32,
        'Size': 3 * 2**20, 'License': 'Apache-2.0', 'Trained By': 'us',
        'Trained On': 'shapes',
    }  # fmt: skip
    result = {
        'Dataset': 'shapes',
        'Task': 'Object Detection',
        'Metrics': {'box AP': 0.5, 'AP75': 0.6},
        'Reported By': 'mmdet_plus',
    }
    models = [
        {
            'Name': 'net_shapes', 'Config': 'configs/net/net_shapes.py',
            'Results': [result], 'Weights': 'zoo://net_shapes', 'File': file,
        },
        {'Name': 'net_coco', 'Config': 'configs/net/net_coco.py'},
    ]  # fmt: skip
    (tmp_path / 'model-index.yml').write_text('Import: [metafile.yml]')
    (tmp_path / 'metafile.yml').write_text(json.dumps({'Models': models}))
    rows = [line for line in overview(tmp_path).splitlines() if '[net_' in line]
    assert rows == [
        '| [net_shapes](../configs/net/net_shapes.py) | 3.0 MiB | '
        'shapes: box AP 0.5, AP75 0.6 | mmdet_plus |',
        '| [net_coco](../configs/net/net_coco.py) | - | - | - |',
    ]
