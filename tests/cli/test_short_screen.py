from mmengine.config import Config

from mmdet_plus.cli.launch import build_runner


def test_long_blocks_are_in_the_log_file_only(tiny_config, tmp_path, capfd):
    cfg = Config.fromfile(tiny_config)
    cfg.work_dir = str(tmp_path / 'work')
    capfd.readouterr()
    build_runner(cfg)
    (log,) = (tmp_path / 'work').glob('*/*.log')
    screen, written = ''.join(capfd.readouterr()), log.read_text()
    for text in ('System environment', 'Config:\n', 'Hooks will be executed'):
        assert text in written
        assert text not in screen
    assert f'environment, config and hooks: {log}' in screen
    assert len(screen.splitlines()) < 30
