# COCO with images of at most 1000 x 600 pixels.
_base_ = './coco_detection_1280.py'

train_dataloader = dict(dataset=dict(pipeline={{_base_.resized.to_1000.train}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.resized.to_1000.test}}))
test_dataloader = val_dataloader
