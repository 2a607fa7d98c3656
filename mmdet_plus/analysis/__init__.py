"""Studies of trained detectors: one folder each."""
