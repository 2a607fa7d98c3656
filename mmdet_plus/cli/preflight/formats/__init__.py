"""How each data format is checked: one file a format."""
