"""The leaves of a graph: inputs, parameters and constants.

An input is bound each time the graph runs; a parameter owns a mutable array, which is what training changes; a
constant never changes. Everything else in a graph is computed from these.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from backlit.errors import DTypeError, GraphError, ShapeError, user_line
from backlit.graph.node import Array, Node, check_name
from backlit.graph.scope import current_scope
from backlit.graph.shapes import check_shape
from backlit.graph.spec import DTYPES, Spec, check_dtype, default_float, fit_array, holds_whole_numbers, is_floating

__all__ = ["Constant", "Input", "Parameter", "constant", "input", "parameter"]


class Input(Node):
    """A leaf whose value is given when the graph runs. Made by ``input``.

    Example:
        >>> input("x", shape=(32, 784))
        <input 'x': float32[32,784]>
    """

    __slots__ = ()


class Constant(Node):
    """A leaf whose value never changes. Made by ``constant``, or by writing a number in a formula.

    Example:
        >>> constant([1.0, 2.0]).value.tolist()
        [1.0, 2.0]
    """

    __slots__ = ("value",)

    def __init__(self, value: Array, name: str | None = None, line: tuple[str, int] = ("<unknown>", 0)) -> None:
        super().__init__(Spec(value.shape, value.dtype.name), name, current_scope(), line)
        self.value = value
        self.value.flags.writeable = False

    def named(self, name: str) -> "Constant":
        """Return a constant of the same value under a name."""
        return Constant(self.value, check_name(name), self.line)


class Parameter(Node):
    """A leaf that owns a mutable array: what training changes. Made by ``parameter``.

    Its name is only a label: a module gives its parameters the names of their places in the model.

    Example:
        >>> w = parameter([1.0, 2.0], name="w")
        >>> w.value += 1.0
        >>> w.value.tolist(), w.trainable
        ([2.0, 3.0], True)
    """

    __slots__ = ("_array", "_trainable")

    def __init__(self, value: Array, name: str | None, *, trainable: bool) -> None:
        super().__init__(Spec(value.shape, value.dtype.name), name, current_scope(), user_line())
        self._array = value
        self._trainable = trainable

    @property
    def trainable(self) -> bool:
        """Whether optimisers change it; state such as a step count or a running mean is not trainable."""
        return self._trainable

    @property
    def value(self) -> Array:
        """The array itself, not a copy; assigning writes into it."""
        return self._array

    @value.setter
    def value(self, value: npt.ArrayLike) -> None:
        array = np.asarray(value)
        if array is self._array:
            return
        if array.shape != self.shape:
            raise ShapeError(
                f"{self!r} received a value of shape {list(array.shape)}",
                why="a parameter keeps its shape for life: graphs are built for it",
                instead=f"give it an array of shape {list(self.shape)}",
            )
        try:
            self._array[...] = fit_array(array, self.dtype)
        except DTypeError as error:
            raise DTypeError(f"{self!r} received {error.what}", why=error.why, instead=error.instead) from None


def input(name: str, shape: int | Sequence[int] = (), dtype: object = None) -> Input:
    """Make an input: a leaf whose value is given each time the graph runs.

    Args:
        name: The name under which it is bound.
        shape: The length of each axis; ``()`` for a single number.
        dtype: The data type; by default the float type of ``precision``.

    Returns:
        The input node.

    Raises:
        ShapeError: If the shape holds anything but lengths.
        DTypeError: If there is no such data type.

    Example:
        >>> input("labels", shape=(32,), dtype="int64")
        <input 'labels': int64[32]>
    """
    spec = Spec(check_shape(shape), default_float() if dtype is None else check_dtype(dtype))
    return Input(spec, check_name(name), current_scope(), user_line())


def constant(value: npt.ArrayLike, dtype: object = None, name: str | None = None) -> Constant:
    """Make a constant: a leaf whose value never changes.

    Args:
        value: A number, or an array or nested list of numbers; it is copied.
        dtype: The data type. By default floats take the float type of ``precision``, and integers and booleans
            keep their own.
        name: What to call it.

    Returns:
        The constant node.

    Raises:
        DTypeError: If the value is not made of numbers.

    Example:
        >>> constant([[1, 2], [3, 4]])
        <constant: int64[2,2]>
    """
    if name is not None:
        check_name(name)
    return Constant(_as_array(value, dtype, "a constant"), name, user_line())


def parameter(
    value: npt.ArrayLike, name: str | None = None, dtype: object = None, *, trainable: bool = True
) -> Parameter:
    """Make a parameter: a leaf that owns a mutable array.

    Args:
        value: The initial value; it is copied.
        name: What to call it.
        dtype: The data type; by default the float type of ``precision`` for floats.
        trainable: Whether optimisers may change it. State that only ``updates`` change, such as a step count, is
            not trainable and may be of any data type.

    Returns:
        The parameter node.

    Raises:
        DTypeError: If a trainable parameter is not made of floats.

    Example:
        >>> parameter([[0.5, -0.5]], name="w")
        <parameter 'w': float32[1,2]>
    """
    if name is not None:
        check_name(name)
    array = _as_array(value, dtype, "a parameter")
    if trainable and not is_floating(array.dtype.name):
        raise DTypeError(
            f"a trainable parameter cannot be {array.dtype.name}; received {value!r}"
            + (f" for {name!r}" if name else ""),
            why="gradient descent changes a parameter by small amounts, which only floats can hold",
            instead='write 3.0 in place of 3, or dtype="float32"; for a counter write trainable=False',
            line=user_line(),
        )
    return Parameter(array, name, trainable=trainable)


def _as_array(value: npt.ArrayLike, dtype: object, what: str) -> Array:
    if isinstance(value, Node):
        raise GraphError(f"{what} needs numbers; received the node {value!r}", instead="write node.evaluate() first")
    try:
        array = np.array(value, order="C")
    except ValueError as error:
        raise ShapeError(f"{what} needs rows of equal length", why=str(error)) from error
    if array.dtype.kind not in "biuf" and not holds_whole_numbers(array):
        raise DTypeError(f"{what} needs numbers; received {value!r} of data type {array.dtype}", line=user_line())
    name = check_dtype(dtype) if dtype is not None else default_float() if array.dtype.kind == "f" else array.dtype.name
    try:
        return fit_array(array, name if name in DTYPES else "int64")
    except DTypeError as error:
        raise DTypeError(
            f"{what} received {error.what}", why=error.why, instead=error.instead, line=user_line()
        ) from None
