# Table 3, second column (79.5): all anchors take part in object detection.
_base_ = './refinedet320_vgg16_120k_voc0712.py'

model = dict(arm_head=dict(negative_threshold=1.0))
