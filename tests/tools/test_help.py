import argparse

import pytest
from samples.tools import TOOLS, load_tool

NAMES = sorted(
    path.relative_to(TOOLS).with_suffix('').as_posix()
    for path in TOOLS.rglob('*.py')
    if '\ndef build_parser(' in path.read_text()
)


def without_help(parser):
    """Arguments of a parser and of its subcommands that nothing is said of."""
    found = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for own in action.choices.values():
                found += without_help(own)
        elif not action.help:
            found.append(f'{parser.prog} {action.option_strings or action.dest}')
    return found


def test_the_tools_are_found():
    assert {'train', 'zoo', 'analysis_tools/benchmark_loading'} <= set(NAMES)


@pytest.mark.parametrize('name', NAMES)
def test_every_argument_has_help(name):
    assert without_help(load_tool(name).build_parser()) == []


def test_a_missing_help_is_found():
    parser = argparse.ArgumentParser(prog='tool')
    parser.add_subparsers().add_parser('part').add_argument('--size')
    assert without_help(parser) == ["tool part ['--size']"]
