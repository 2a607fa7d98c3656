# As the authors' released code, the objects train that VOC marks as difficult; the paper does not
# say whether they do.
_base_ = './refinedet320_vgg16_120k_voc0712.py'

model = dict(train_on_ignored=True)
