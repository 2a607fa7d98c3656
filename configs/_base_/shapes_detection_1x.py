# What the detectors of boxes share on shapes: data, schedule and runtime.
_base_ = [
    './datasets/shapes_detection.py',
    './schedules/shapes_1x.py',
    './shapes_runtime.py',
]
