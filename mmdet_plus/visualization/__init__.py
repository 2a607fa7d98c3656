"""Pictures of a training and of what a detector finds."""

from .prediction_grid import draw_prediction_grid
from .training_curves import plot_training_curves, read_scalars

__all__ = ['draw_prediction_grid', 'plot_training_curves', 'read_scalars']
