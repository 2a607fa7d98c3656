"""How the scores of two heads go with the overlap of boxes."""
