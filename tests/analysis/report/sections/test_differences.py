from mmdet_plus.analysis.report.comparison import ObjectCounts
from mmdet_plus.analysis.report.sections.differences import object_section


def point(threshold, precision):
    return dict(threshold=threshold, precision=precision, recall=0.5, f1=0.5, wrong=1)


def test_operating_points_stand_beside_the_test():
    tables = dict(b=ObjectCounts(1, 2, 3, 4, 0.5))
    points = dict(a=point(0.3, 0.5), b=point(0.6, 0.6))
    section = object_section(tables, dict(b=[]), points, 'a')
    rows = section.tables[0].rows
    assert [row['threshold'] for row in rows] == [0.3, 0.6]
    assert section.notes == [
        'b is more precise than a there, by 0.100: at an equal precision it could find '
        'more.'
    ]
    points['b'] = point(0.6, 0.54)
    assert object_section(tables, dict(b=[]), points, 'a').notes == []
