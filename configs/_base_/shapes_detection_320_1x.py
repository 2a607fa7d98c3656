# shapes_detection_1x.py for single-stage detectors with inputs of 320 px.
_base_ = [
    './datasets/shapes_detection.py',
    './schedules/shapes_1x.py',
    './shapes_runtime.py',
]

train_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.side_320.train}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.side_320.test}}))
test_dataloader = val_dataloader
