import subprocess
from pathlib import Path

import pytest
from samples.tools import load_tool

ROOT = Path(__file__).parents[2]
PAGE = """# Times

```sh
python -c "print('| one |\\n| --- |\\n| 1 |')"
```

<!-- measured -->
old

<!-- end -->

Words between.

```sh
python -c \\
    "print('| two |')"
```

<!-- measured -->
<!-- end -->

```sh
python -c "print('not measured')"
```
"""


@pytest.fixture
def tool():
    return load_tool('dev/write_benchmarks')


def test_results_stand_below_their_commands(tool):
    text = tool.filled(PAGE)
    assert 'old' not in text
    assert text.count('cores:\n\n| one |\n| --- |\n| 1 |\n\n<!-- end -->') == 1
    assert text.index('| 1 |') < text.index('Words between.') < text.index('\n| two |')
    assert '\nnot measured' not in text
    # What was measured is replaced the next time.
    assert tool.filled(text) == text


def test_only_some_commands(tool):
    text = tool.filled(PAGE, 'two')
    assert 'old' in text
    assert '\n| two |\n' in text


def test_a_command_that_fails_leaves_the_page(tool, tmp_path):
    page = tmp_path / 'page.md'
    broken = PAGE.replace("print('| two |')", 'import absent_module')
    page.write_text(broken)
    with pytest.raises(subprocess.CalledProcessError):
        tool.main(['--page', str(page)])
    assert page.read_text() == broken


def test_the_commands_of_our_page_are_known(tool):
    commands = [own['command'] for own in tool.BLOCK.finditer(tool.PAGE.read_text())]
    assert commands
    for command in commands:
        program, script = command.split()[:2]
        assert program == 'python'
        assert (ROOT / script).exists()
