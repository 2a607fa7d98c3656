"""What detectors cost, in use and in training: time, operations and memory."""
