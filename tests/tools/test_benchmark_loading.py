from pathlib import Path

from samples.tools import load_tool

TOOL = 'analysis_tools/benchmark_loading'
CONFIGS = Path(__file__).parents[2] / 'configs'
SMALL = ['--images', '4', '--size', '64']


def test_a_row_for_each_config_and_a_column_for_each_number_of_workers(capsys):
    # Masks; a wrapper with a pipeline of its own; a repeated data set.
    names = [
        'd2det/d2det-mask_r18_fpn_1x_shapes',
        'refinedet/refinedet320_vgg16_400k_coco',
        'dcr/faster-rcnn-dcrv2_r50_8e_coco',
    ]
    configs = [str(CONFIGS / f'{name}.py') for name in names]
    assert load_tool(TOOL).main([*configs, *SMALL, '--workers', '0', '1']) == 0
    title, _, header, _, *rows = capsys.readouterr().out.splitlines()
    assert title == '4 images of 64 x 64, batches of 2'
    assert header == '| images per second | 0 workers | 1 worker |'
    cells = [[cell.strip() for cell in row.split('|')[1:-1]] for row in rows]
    assert [row[0] for row in cells] == [Path(name).name for name in names]
    assert all(float(cell) > 0 for row in cells for cell in row[1:])


def test_images_are_delivered_once_the_workers_have_started(capsys, monkeypatch):
    module = load_tool(TOOL)
    times = iter([10.0, 12.0])
    monkeypatch.setattr(module.time, 'perf_counter', lambda: next(times))
    dataset = [dict(inputs=i, data_samples=i) for i in range(5)]
    assert module.images_per_second(dataset, workers=0, num_images=40) == 20.0


def test_a_config_without_training_data(tmp_path, capsys):
    config = tmp_path / 'no_data.py'
    config.write_text('model = dict()')
    assert load_tool(TOOL).main([str(config), *SMALL]) == 2
    assert 'has no training data' in capsys.readouterr().err
