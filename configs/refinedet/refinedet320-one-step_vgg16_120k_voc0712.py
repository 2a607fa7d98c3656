# Table 3, third column (77.3): object detection starts from the tiled anchors.
_base_ = './refinedet320_vgg16_120k_voc0712.py'

# Without filtering, as in the second column.
model = dict(arm_head=dict(negative_threshold=1.0, refine=False))
