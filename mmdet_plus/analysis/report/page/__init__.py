"""One file that a browser shows without a network, from the parts of a report."""

from .rendering import render_page

__all__ = ['render_page']
