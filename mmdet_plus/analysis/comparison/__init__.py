"""Several trainings of several detectors, and which differences are more than noise."""
