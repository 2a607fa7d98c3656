from mmdet_plus.analysis.report.sections.scores import calibrated, calibration_advice


def test_parts_of_the_error_do_not_make_up_for_each_other():
    assert calibration_advice(0.06, 0.04) == ''
    assert 'off by 0.12 on average, too high.' in calibration_advice(0.11, 0.01)
    assert 'off by 0.12 on average, too low.' in calibration_advice(0.01, 0.11)
    both = calibration_advice(0.1, 0.1)
    assert 'off by 0.20 on average, too high (0.10) at some scores and too low' in both


def test_no_advice_from_few_detections(five):
    section = calibrated(five)
    assert section.advice == ''
    assert section.data['too_high'] > 0.3
