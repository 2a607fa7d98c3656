"""Files that services read: citation, issue forms, workflow and wheel settings."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import mmdet_plus

ROOT = Path(__file__).parents[1]
SCHEMAS = {
    'CITATION.cff': 'vendor.citation-file-format',
    '.github/workflows/ci.yml': 'vendor.github-workflows',
    '.github/ISSUE_TEMPLATE/bug.yml': 'vendor.github-issue-forms',
    '.github/ISSUE_TEMPLATE/question.yml': 'vendor.github-issue-forms',
    '.github/ISSUE_TEMPLATE/config.yml': 'vendor.github-issue-config',
}


@pytest.mark.parametrize('path', SCHEMAS)
def test_files_follow_their_schema(path):
    pytest.importorskip('check_jsonschema', reason='no check-jsonschema')
    command = [sys.executable, '-m', 'check_jsonschema', '--no-cache']
    command += ['--builtin-schema', SCHEMAS[path], '--default-filetype', 'yaml']
    done = subprocess.run([*command, ROOT / path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_citation_names_this_version():
    cited = yaml.safe_load((ROOT / 'CITATION.cff').read_text())
    assert cited['version'] == mmdet_plus.__version__
    changelog = (ROOT / 'CHANGELOG.md').read_text()
    assert f'## {mmdet_plus.__version__}' in changelog
    assert len(cited['references']) == 5


def test_the_workflow_runs_what_the_makefile_has():
    workflow = yaml.safe_load((ROOT / '.github/workflows/ci.yml').read_text())
    targets = workflow['jobs']['check']['strategy']['matrix']['target']
    makefile = (ROOT / 'Makefile').read_text()
    assert {'lint', 'type', 'docs', 'test'} == set(targets)
    assert all(f'\n{target}:' in makefile for target in targets)
