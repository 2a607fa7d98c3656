from torch import nn

from mmdet_plus.analysis.watched_calls import calls_of, repeat


def test_calls_are_replaced_and_put_back():
    class Adder(nn.Module):
        def add(self, number):
            return number + 1

    adder = Adder()

    def tenfold(original, given):
        assert given.arguments == dict(number=1)
        return 10 * repeat(original, given)

    with calls_of(adder, 'add', tenfold):
        assert adder.add(1) == 20
    assert adder.add(1) == 2
    assert 'add' not in vars(adder)
