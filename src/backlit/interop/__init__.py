"""Files: models and named arrays, in a format that other programs read and that cannot run code.

`write_tensors` and `read_tensors` are for anything with names; `write_atomically` writes any file whole or not at all.
"""

from backlit.interop.atomic import check_writable, write_atomically
from backlit.interop.tensors import read_tensors, write_tensors

__all__ = ["check_writable", "read_tensors", "write_atomically", "write_tensors"]
