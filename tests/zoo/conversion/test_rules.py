import os
import pickle

import pytest
import torch

from mmdet_plus.zoo.conversion.rules import (
    Rule,
    background_last,
    boxes_without_background,
    convert,
    read_rules,
    without_background,
)

RULES = (
    Rule(r'body\.(\d)\.w', r'layers.\1.weight'),
    Rule(r'top\.(\d)\.w', lambda match: f'layers.{int(match[1]) + 1}.weight'),
    Rule(r'cls\.w', 'cls.weight', background_last),
)


def own():
    return {
        'layers.0.weight': torch.zeros(2, 3),
        'layers.1.weight': torch.zeros(2),
        'cls.weight': torch.zeros(3, 1),
        'norm.weight': torch.zeros(1),
        'norm.num_batches_tracked': torch.tensor(0),
    }


def test_names_values_and_what_is_left_over():
    foreign = {
        'body.0.w': torch.rand(2, 3, dtype=torch.float64),
        'top.0.w': torch.rand(2),
        'cls.w': torch.tensor([[0.0], [1], [2]]),
        'body.7.w': torch.rand(1),
        'optimizer': torch.rand(1),
        'xcls.w': torch.rand(1),  # only whole names match
    }
    result = convert(foreign, RULES, own())
    assert result.state_dict.keys() == {
        'layers.0.weight',
        'layers.1.weight',
        'cls.weight',
    }
    assert result.state_dict['layers.0.weight'].dtype == torch.float32
    assert torch.equal(result.state_dict['layers.1.weight'], foreign['top.0.w'])
    assert result.state_dict['cls.weight'].flatten().tolist() == [1, 2, 0]
    assert result.unused == ['body.7.w', 'optimizer', 'xcls.w']
    assert result.missing == ['norm.weight']


def test_the_first_rule_with_a_place_counts_and_some_need_none():
    rules = (
        Rule(r'(.+)\.w', r'elsewhere.\1'),
        Rule(r'cls\.w', 'cls.weight', background_last),
        Rule(r'cls\.w', 'norm.weight'),
        Rule(r'buffer', None),
    )
    foreign = {'cls.w': torch.rand(3, 1), 'buffer': torch.rand(9), 'a.w': torch.rand(1)}
    result = convert(foreign, rules, own())
    assert list(result.state_dict) == ['cls.weight']
    assert result.not_needed == ['buffer']
    assert result.unused == ['a.w']


def test_shapes_and_collisions_are_errors():
    message = r'body\.0\.w has shape \(3, 2\) and layers\.0\.weight has \(2, 3\)'
    with pytest.raises(ValueError, match=message):
        convert({'body.0.w': torch.rand(3, 2)}, RULES, own())
    twice = {'body.1.w': torch.rand(2), 'top.0.w': torch.rand(2)}
    with pytest.raises(ValueError, match=r'top\.0\.w is a second weight'):
        convert(twice, RULES, own())


def test_rules_of_a_file(tmp_path):
    path = tmp_path / 'rules.yml'
    path.write_text(
        "- {pattern: 'body\\.(\\d)\\.w', name: 'layers.\\1.weight'}\n"
        "- {pattern: 'cls\\.w', name: cls.weight, change: background_last}\n"
    )
    foreign = {'body.1.w': torch.rand(2), 'cls.w': torch.tensor([[0.0], [1], [2]])}
    converted = convert(foreign, read_rules(path), own()).state_dict
    assert torch.equal(converted['layers.1.weight'], foreign['body.1.w'])
    assert converted['cls.weight'].flatten().tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('{pattern: a, name: b}', 'must be a list of rules'),
        ('[3]', 'rule 1 must have pattern and name'),
        ('[{pattern: a, name: 3}]', 'rule 1 must have pattern and name'),
        ('[{pattern: a}]', 'rule 1 must have pattern, name and perhaps change'),
        ('[{pattern: a, name: b, to: c}]', 'perhaps change, got pattern, name, to'),
        ('[{pattern: a, name: b}, {pattern: (, name: b}]', 'rule 2: missing'),
        ("[{pattern: (a), name: '\\2'}]", 'rule 1: invalid group reference 2'),
        ('[{pattern: a, name: b, change: turn}]', 'one of background_last, without_b'),
    ],
)
def test_wrong_rules_are_named(tmp_path, content, message):
    path = tmp_path / 'rules.yml'
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        read_rules(path)


def test_background_first():
    rows = torch.arange(3)
    assert background_last(rows).tolist() == [1, 2, 0]
    assert without_background(rows).tolist() == [1, 2]
    boxes = torch.arange(12).repeat_interleave(1)
    assert boxes_without_background(boxes).tolist() == list(range(4, 12))


class Malicious:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def test_files_of_rules_run_nothing(tmp_path):
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(Malicious(tmp_path / 'ran')))
    with pytest.raises(ValueError, match=r'a\.pkl must end with \.yml'):
        read_rules(tmp_path / 'a.pkl')
    text = f'- !!python/object/apply:os.mkdir ["{tmp_path}/ran"]\n'
    (tmp_path / 'a.yml').write_text(text)
    with pytest.raises(ValueError, match=r'a\.yml: .* plain YAML'):
        read_rules(tmp_path / 'a.yml')
    assert not (tmp_path / 'ran').exists()
