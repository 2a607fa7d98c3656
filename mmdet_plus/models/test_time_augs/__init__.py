from .box_voting_tta_model import BoxVotingTTAModel

__all__ = ['BoxVotingTTAModel']
