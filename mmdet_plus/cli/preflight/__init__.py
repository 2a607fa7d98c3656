"""Checks of a config and its data before anything is written."""
