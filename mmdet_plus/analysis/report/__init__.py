"""A report on one detector, or on several: figures, tables and a page."""
