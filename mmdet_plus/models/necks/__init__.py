from .last_stage_projection import LastStageProjection
from .transfer_connection import TransferConnection

__all__ = ['LastStageProjection', 'TransferConnection']
