# VOC 2007 and 2012 trainval; an epoch sees each image once, as the paper counts.
_base_ = 'mmdet::_base_/datasets/voc0712.py'

train_dataloader = dict(dataset=dict(times=1))
