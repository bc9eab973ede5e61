"""Spec and data types: what is known of a value before it exists.

A ``Spec`` is checked when a node is built, so that a mistake is found where it is written and not where it is run.
Data types promote as in the Python array API standard: within a kind (integers, floats) to the larger; between kinds
never silently, because a silent change of kind is how a label becomes a probability. Python's own numbers are weak:
they take the data type of the node they meet. This module imports nothing of the graph.
"""

import contextlib
import math
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from backlit.errors import ArgumentError, DTypeError

__all__ = [
    "DTYPES",
    "Spec",
    "check_dtype",
    "default_float",
    "fit_array",
    "holds_whole_numbers",
    "is_floating",
    "is_integer",
    "kind_of",
    "precision",
    "promote",
]

DTYPES: tuple[str, ...] = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
)
"""The data types a value may have, by their NumPy names."""

_PRECISION: ContextVar[str] = ContextVar("precision", default="float32")


@dataclass(frozen=True, slots=True)
class Spec:
    """The shape and data type of a value, printed as ``float32[3,4]``.

    Args:
        shape: The length of each axis; ``()`` for a single number.
        dtype: One of ``DTYPES``.

    Example:
        >>> spec = Spec((3, 4), "float32")
        >>> print(spec, spec.rank, spec.size)
        float32[3,4] 2 12
    """

    shape: tuple[int, ...]
    dtype: str

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    def __str__(self) -> str:
        return f"{self.dtype}[{','.join(map(str, self.shape))}]"


def is_floating(dtype: str) -> bool:
    """Say whether a data type is one of the floats, which alone can be differentiated.

    Args:
        dtype: One of ``DTYPES``.

    Returns:
        True for ``float32`` and ``float64``.

    Example:
        >>> is_floating("float32"), is_floating("int64")
        (True, False)
    """
    return dtype.startswith("float")


def is_integer(dtype: str) -> bool:
    """Say whether a data type is one of the integers, signed or unsigned.

    Args:
        dtype: One of ``DTYPES``.

    Returns:
        True for the integers; ``bool`` is none of them.

    Example:
        >>> is_integer("uint8"), is_integer("bool")
        (True, False)
    """
    return "int" in dtype


def check_dtype(dtype: object) -> str:
    """Return the name of a data type given as a name or as a NumPy data type.

    Args:
        dtype: For example ``"float32"``, ``np.float32`` or ``np.dtype("float32")``.

    Returns:
        One of ``DTYPES``.

    Raises:
        DTypeError: If backlit has no such data type.

    Example:
        >>> check_dtype(np.float64)
        'float64'
    """
    if isinstance(dtype, str) and dtype in DTYPES:
        return dtype
    if dtype is None:
        raise DTypeError("None is no data type", instead=f"use one of {', '.join(DTYPES)}")
    try:
        name = np.dtype(dtype).name  # type: ignore[call-overload]
    except TypeError:
        name = repr(dtype)
    if name not in DTYPES:
        raise DTypeError(f"there is no data type {name}", instead=f"use one of {', '.join(DTYPES)}")
    return str(name)


def promote(*dtypes: str) -> str:
    """Return the data type to which several promote by the rules of the array API standard.

    Args:
        *dtypes: Names out of ``DTYPES``.

    Returns:
        The common data type.

    Raises:
        DTypeError: If their kinds differ: bool, integer and float never mix silently.

    Example:
        >>> promote("float32", "float64"), promote("int32", "uint8")
        ('float64', 'int32')
    """
    result = dtypes[0]
    for dtype in dtypes[1:]:
        if dtype == result:
            continue
        kinds = {kind_of(result), kind_of(dtype)}
        joined = np.promote_types(result, dtype).name
        if len(kinds) > 1 or kind_of(joined) not in kinds:
            floating = next((d for d in (result, dtype) if is_floating(d)), "int64")
            raise DTypeError(
                f"{result} and {dtype} do not mix",
                why="a change of kind (bool, integer, float) is never made silently",
                instead=f'write bl.cast(value, "{floating}") around the one that is to change',
            )
        result = joined
    return result


def kind_of(dtype: str) -> str:
    """Return the kind of a data type; kinds never mix silently.

    Args:
        dtype: One of ``DTYPES``.

    Returns:
        ``"float"``, ``"integer"`` or ``"bool"``.

    Example:
        >>> kind_of("uint8")
        'integer'
    """
    return "float" if is_floating(dtype) else "integer" if is_integer(dtype) else "bool"


def fit_array(array: np.ndarray[Any, Any], dtype: str) -> np.ndarray[Any, Any]:
    """Convert an array to a data type that can hold its values: never to a smaller kind, never out of range.

    Floats may lose digits, as in every float32 net fed from float64 data; whole numbers never do.

    Args:
        array: Numbers or booleans.
        dtype: One of ``DTYPES``.

    Returns:
        A new array of that data type.

    Raises:
        DTypeError: If the array holds no numbers, or some that the data type cannot hold; the message says what was
            received, to follow the words "... received".

    Example:
        >>> fit_array(np.array([0, 255]), "uint8").dtype
        dtype('uint8')
    """
    if array.dtype.kind not in "biuf" and not holds_whole_numbers(array):
        raise DTypeError(f"values of data type {array.dtype}, which are no numbers")
    order = ("bool", "integer", "float")
    found = "integer" if array.dtype.kind not in "biuf" else kind_of(array.dtype.name)
    if order.index(found) > order.index(kind_of(dtype)):
        raise DTypeError(
            f"values of data type {array.dtype}, which do not fit into {dtype}",
            why="a change to a smaller kind (float, integer, bool) is never made silently",
            instead=f"convert them first: value.astype({dtype!r})",
        )
    with np.errstate(over="ignore"):
        try:
            fitted = array.astype(dtype)
        except OverflowError:
            fitted = np.full(array.shape, np.inf) if is_floating(dtype) else np.zeros(array.shape)
    lost = np.isinf(fitted) if is_floating(dtype) else fitted != array
    if np.any(lost) and is_floating(dtype):
        lost &= np.abs(array) < np.inf
    if np.any(lost):
        worst = str(array[lost].reshape(-1)[0])
        shown = worst if len(worst) <= 30 else f"{worst[:10]}… ({len(worst)} digits)"
        raise DTypeError(f"{shown}, which does not fit into {dtype}")
    return fitted


def holds_whole_numbers(array: np.ndarray[Any, Any]) -> bool:
    """Say whether an array of objects holds nothing but whole numbers, too large for any integer type.

    Args:
        array: Any array.

    Returns:
        True where NumPy kept Python's own whole numbers.

    Example:
        >>> holds_whole_numbers(np.array(2**100)), holds_whole_numbers(np.array(None))
        (True, False)
    """
    return array.dtype.kind == "O" and array.size > 0 and all(type(value) is int for value in array.reshape(-1))


def default_float() -> str:
    """Return the float type that constants, parameters and inputs get where none is named.

    Returns:
        ``"float32"``, unless ``precision`` says otherwise.

    Example:
        >>> default_float()
        'float32'
    """
    return _PRECISION.get()


@contextlib.contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Set the default float type of everything that is built inside.

    Args:
        dtype: ``"float32"`` or ``"float64"``.

    Yields:
        Nothing.

    Raises:
        ArgumentError: If the data type is not a float.

    Example:
        >>> with precision("float64"):
        ...     default_float()
        'float64'
    """
    name = check_dtype(dtype)
    if not is_floating(name):
        raise ArgumentError(f"a precision is float32 or float64; received {name}")
    token = _PRECISION.set(name)
    try:
        yield
    finally:
        _PRECISION.reset(token)
