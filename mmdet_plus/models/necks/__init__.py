from .transfer_connection import TransferConnection

__all__ = ['TransferConnection']
