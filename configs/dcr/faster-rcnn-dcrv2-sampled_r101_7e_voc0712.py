# The refiner's boxes are those that the RoI head samples, as in the authors' code. No row of the paper.
_base_ = './faster-rcnn-dcrv2_r101_7e_voc0712.py'

model = dict(candidate_pool='sampled')
