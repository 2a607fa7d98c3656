import time

from mmdet_plus.analysis.inference_cost.timing import median_seconds


def test_tasks_take_turns_and_the_first_round_does_not_count():
    calls = []

    def slow_at_first():
        calls.append('a')
        if len(calls) == 1:
            time.sleep(0.3)

    def slow():
        calls.append('b')
        time.sleep(0.02)

    seconds = median_seconds(dict(a=slow_at_first, b=slow), runs=3)
    assert calls == ['a', 'b'] * 4
    assert seconds['a'] < 0.01 < 0.02 <= seconds['b'] < 0.2
