"""Shapes: a generated data set."""
