"""False positives by score and kind."""
