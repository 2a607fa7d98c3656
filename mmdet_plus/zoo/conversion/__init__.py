"""Weights of the authors' code bases in the form of ours."""
