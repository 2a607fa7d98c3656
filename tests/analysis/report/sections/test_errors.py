from samples.detections import copied
from samples.five_images import five_images

from mmdet_plus.analysis.report.sections.errors import budget, confusions


def larger(data, times):
    """The data with all images many times, under new ids."""
    content, results = data
    return copied(content, results, [times] * len(content['images']))


def test_advice_tells_of_few_objects(five, make_evaluation):
    few = 'This rests on 8 objects only.'
    assert budget(five).advice.startswith('Classification costs most')
    assert budget(five).advice.endswith(few)
    many = make_evaluation(*larger(five_images(), 4))
    assert 'This rests on' not in budget(many).advice


def test_confusions_of_rare_classes_give_no_advice(make_evaluation):
    # One of the two cars is called a cat.
    for times, advised in ((14, False), (15, True)):
        evaluation = make_evaluation(*larger(five_images(), times))
        advice = confusions(evaluation).advice
        assert bool(advice) == advised
    assert advice.startswith('Most often car is taken for cat: 15 times, 50% of car.')
