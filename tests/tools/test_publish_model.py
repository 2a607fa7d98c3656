import pytest
import torch
import yaml

TOOL = 'model_converters/publish_model'


def test_prints_the_file_and_its_entry(tool_main, tmp_path, capsys):
    content = dict(state_dict=dict(weight=torch.ones(2)), optimizer={})
    torch.save(content, tmp_path / 'epoch_1.pth')
    assert tool_main(TOOL, 'epoch_1.pth', 'out', '--name', 'net') == 0
    path, _, entry = capsys.readouterr().out.partition('\n\n')
    (written,) = (tmp_path / 'out').iterdir()
    # Imports of MMDetection may print lines of their own before.
    assert path.splitlines()[-1] == f'out/{written.name}'
    entry = yaml.safe_load(entry)
    assert entry['Weights'] == 'zoo://net'
    assert entry['File']['URLs'] == [f'https://.../{written.name}']
    assert torch.load(written, weights_only=True)['state_dict'].keys() == {'weight'}


def test_missing_files_are_one_message(tool_main, capsys):
    assert tool_main(TOOL, 'absent.pth', 'out', '--name', 'net') != 0
    assert 'absent.pth does not exist' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--name', 'a' * 300], '--name is longer than'),
        (['--name', 'a\nb'], '--name is the stem'),
        (['--name', 'a', '--url', 'here'], '--url must begin with https://'),
    ],
)
def test_names_and_addresses_that_cannot_be(tool_main, capsys, options, message):
    torch.save(dict(state_dict=dict(weight=torch.ones(2))), 'epoch_1.pth')
    assert tool_main(TOOL, 'epoch_1.pth', 'out', *options) == 2
    assert message in capsys.readouterr().err
