"""Files: models and named arrays, in a format that other programs read and that cannot run code.

`save`, `load` and `load_parameters` are for models; `write_tensors` and `read_tensors` for anything with names;
`write_atomically` writes any file whole or not at all.
"""

from backlit.interop.atomic import check_writable, write_atomically
from backlit.interop.models import ModelFile, load, load_parameters, read_model, save
from backlit.interop.tensors import read_tensors, write_tensors

__all__ = [
    "ModelFile",
    "check_writable",
    "load",
    "load_parameters",
    "read_model",
    "read_tensors",
    "save",
    "write_atomically",
    "write_tensors",
]
