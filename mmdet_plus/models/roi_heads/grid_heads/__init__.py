from .iou_scoring_head import IoUScoringHead
from .point_grid_head import PointGridHead

__all__ = ['IoUScoringHead', 'PointGridHead']
