from mmdet_plus.analysis.report.sections.objects import sensitivity_advice


def row(level, objects, ap, characteristic='size'):
    return dict(characteristic=characteristic, level=level, objects=objects, ap=ap)


def test_advice_needs_objects():
    rows = [row('small', 40, 0.2), row('medium', 90, 0.6), row('large', 3, 0.0)]
    rows += [row('wide', 50, 0.5, 'shape'), row('tall', 50, 0.6, 'shape')]
    assert sensitivity_advice(rows) == (
        'The size of an object matters most: small ones have 0.200, 0.400 less than '
        'the best level.'
    )
    assert sensitivity_advice([row('small', 29, 0.2), row('medium', 90, 0.6)]) == ''
    assert sensitivity_advice([row('small', 40, 0.58), row('medium', 90, 0.6)]) == ''
    assert sensitivity_advice([]) == ''
