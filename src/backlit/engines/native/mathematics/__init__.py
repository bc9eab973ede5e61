"""The functions of analysis on vectors, written from additions and multiplications alone.

Each takes the body of the function being written and a value, a float or double in any number of lanes, and returns a
value of the same kind. What they return agrees with NumPy, with NaN, infinities and signed zeros, to a few units in the
last place: `ERROR_BOUNDS` says to how many.
"""

from backlit.engines.native.mathematics.table import ERROR_BOUNDS, MATHEMATICS

__all__ = ["ERROR_BOUNDS", "MATHEMATICS"]
