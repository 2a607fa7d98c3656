# UAVDT, detection track. Annotations by tools/dataset_converters/uavdt2coco.py.
_base_ = 'mmdet::_base_/datasets/coco_detection.py'

data_root = 'data/uavdt/'
metainfo = dict(classes=('vehicle',), palette=[(220, 20, 60)])
train_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/train.json',
        data_prefix=dict(img='UAV-benchmark-M/'),
        metainfo=metainfo,
    )
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/test.json',
        data_prefix=dict(img='UAV-benchmark-M/'),
        metainfo=metainfo,
    )
)
test_dataloader = val_dataloader

# Sec. 4.3: VOC AP at IoU 0.7, without what lies in ignored regions.
val_evaluator = dict(_delete_=True, type='UAVDTMetric', iou_thrs=0.7, eval_mode='area')
test_evaluator = val_evaluator
