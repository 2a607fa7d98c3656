# That refiner on a detector whose images are not divided by the standard deviations of ImageNet, with
# which the refiner's weights were trained.
_base_ = './crop_r50.py'

refiner = dict(input_std=(58.395, 57.12, 57.375))
