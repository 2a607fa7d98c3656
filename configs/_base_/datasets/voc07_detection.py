# VOC 2007 alone: trained on its trainval, tested on its test set, COCO's ten IoUs.
_base_ = 'mmdet::_base_/datasets/voc0712.py'

train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            _delete_=True,
            type='VOCDataset',
            data_root='data/VOCdevkit/',
            ann_file='VOC2007/ImageSets/Main/trainval.txt',
            data_prefix=dict(sub_data_root='VOC2007/'),
            filter_cfg=dict(filter_empty_gt=True, min_size=32),
            pipeline={{_base_.train_pipeline}},
        )
    )
)
# The paper reports AP, AP at 0.5 and AP at 0.75.
iou_thrs = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
val_evaluator = dict(
    type='VOCMetric', metric='mAP', iou_thrs=iou_thrs, eval_mode='area'
)
test_evaluator = val_evaluator
