"""The command line: train a net, let it read pictures, look at what a file holds. One file a command.

`main` is what the command `backlit` runs; `app` is the same, as an object.
"""

from backlit.cli.application import app, main

__all__ = ["app", "main"]
