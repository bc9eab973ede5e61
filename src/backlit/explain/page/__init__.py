"""The interactive page: one HTML file that opens from disk, to look at a graph, step through it and edit it."""

from backlit.explain.page.assets import javascript_ops
from backlit.explain.page.page import page_of
from backlit.explain.page.program import program_of

__all__ = ["javascript_ops", "page_of", "program_of"]
