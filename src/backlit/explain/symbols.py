"""Symbols: what is written into the marks of a diagram, and how values and gradients are written short.

``SYMBOLS`` has the sign of every op as one writes it into a circle on the blackboard. A number that a formula holds, as
in ``2 * x`` or ``1 - y``, is written into the circle of its operation: it needs no circle of its own. Numbers have four
digits here; whoever wants them all asks for the value itself.
"""

from collections.abc import Callable

import numpy as np

from backlit.graph.leaves import Constant
from backlit.graph.node import Application, Array, Node
from backlit.graph.spec import kind_of

__all__ = ["COMMUTATIVE", "SYMBOLS", "short_gradient", "short_number", "short_value", "symbol_of"]

SYMBOLS: dict[str, str] = {
    "abs": "|x|",
    "acos": "acos",
    "add": "+",
    "argmax": "argmax",
    "argmin": "argmin",
    "asin": "asin",
    "atan": "atan",
    "broadcast_to": "broadcast",
    "cast": "cast",
    "ceil": "⌈x⌉",
    "clip": "clip",
    "concat": "concat",
    "cos": "cos",
    "cosh": "cosh",
    "cumulative_sum": "cumulative Σ",
    "divide": "÷",
    "equal": "=",
    "erf": "erf",
    "exp": "exp",
    "expm1": "exp − 1",
    "flip": "flip",
    "floor": "⌊x⌋",
    "greater": ">",
    "greater_equal": "≥",
    "isfinite": "finite?",
    "isnan": "NaN?",
    "less": "<",
    "less_equal": "≤",
    "log": "ln",
    "log1p": "ln(1 + x)",
    "logaddexp": "ln(eˣ + eʸ)",
    "logical_and": "∧",
    "logical_not": "¬",
    "logical_or": "∨",
    "logical_xor": "⊕",
    "matmul": "@",
    "max": "max",
    "maximum": "max",
    "min": "min",
    "minimum": "min",
    "multiply": "×",
    "negative": "−x",
    "not_equal": "≠",
    "one_hot": "one-hot",
    "pad": "pad",
    "permute_dims": "transpose",
    "pow": "xʸ",
    "random_bits": "random bits",
    "relu": "ReLU",
    "reshape": "reshape",
    "round": "round",
    "scatter_add": "scatter +",
    "sigmoid": "σ",
    "sign": "sign",
    "sin": "sin",
    "sinh": "sinh",
    "slice": "slice",
    "sqrt": "√",
    "stop_gradient": "stop ∇",
    "subtract": "−",
    "sum": "Σ",
    "take": "take",
    "tan": "tan",
    "tanh": "tanh",
    "where": "where",
}
"""The sign of every op. Those of a sum over elements and of logarithms are the ones of mathematics: Σ and ln."""

COMMUTATIVE = frozenset(
    {
        "add",
        "equal",
        "logaddexp",
        "logical_and",
        "logical_or",
        "logical_xor",
        "maximum",
        "minimum",
        "multiply",
        "not_equal",
    }
)
"""The ops of two arguments whose order means nothing; of every other op a drawing must show it."""

_BETWEEN = (COMMUTATIVE - {"logaddexp"}) | {"divide", "greater", "greater_equal", "less", "less_equal", "subtract"}
"""The ops whose sign stands between two arguments, so that a number has its place before or behind it."""

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

_DIGITS = 4
_WRITTEN_OUT = 4
"""The most elements that are written out."""


def short_number(number: float, digits: int = _DIGITS) -> str:
    """Write a number with few significant digits.

    Args:
        number: An integer, a truth value or a float.
        digits: How many digits a float has.

    Returns:
        The text.

    Example:
        >>> [short_number(number) for number in (0.952574, -2.0, 1234567.0, 3)]
        ['0.9526', '-2', '1.235e+06', '3']
    """
    if isinstance(number, (bool, np.bool_)):
        return "true" if number else "false"
    if isinstance(number, (int, np.integer)):
        return str(int(number))
    text = f"{float(number):.{digits}g}"
    return "0" if text == "-0" else text


def short_value(value: Array) -> str:
    """Write a value: the number, the elements of a short array, or what a long one is like.

    Args:
        value: An array of any shape and data type.

    Returns:
        The text; of a long array the mean of floats, the least and greatest of integers, how many are true.

    Example:
        >>> short_value(np.array(2.0)), short_value(np.array([[0.13, 0.87]])), short_value(np.arange(10))
        ('2', '[0.13, 0.87]', '0 … 9')
        >>> short_value(np.linspace(0.0, 1.0, 11)), short_value(np.ones(9, dtype=bool))
        ('mean 0.5', '9 of 9 true')
    """
    return _short(value, lambda floats: f"mean {short_number(float(np.mean(floats, dtype=np.float64)))}")


def short_gradient(gradient: Array) -> str:
    """Write a gradient: the number, the elements of a short array, or the norm of a long one.

    Args:
        gradient: An array of any shape.

    Returns:
        The text.

    Example:
        >>> short_gradient(np.array(-2.0)), short_gradient(np.full(16, 0.25))
        ('-2', 'norm 1')
    """
    return _short(gradient, lambda floats: f"norm {short_number(float(np.linalg.norm(floats.astype(np.float64))))}")


def _short(array: Array, summarise: Callable[[Array], str]) -> str:
    array = np.asarray(array)
    if array.size == 0:
        return "empty"
    if array.size <= _WRITTEN_OUT:
        return _written_out(array)
    kind = kind_of(array.dtype.name)
    if kind == "bool":
        return f"{np.count_nonzero(array)} of {array.size} true"
    if kind == "integer":
        return f"{array.min()} … {array.max()}"
    lost = array.size - int(np.count_nonzero(np.isfinite(array)))
    return f"{lost} of {array.size} not finite" if lost else summarise(array)


def _written_out(array: Array) -> str:
    """Write at most four elements: a row in brackets, several rows in brackets again; the shape is told elsewhere."""
    if array.size == 1:
        return short_number(array.ravel()[0])
    numbers = [short_number(number, _DIGITS - 1) for number in array.ravel()]
    row = array.shape[-1]
    rows = ["[" + ", ".join(numbers[i : i + row]) + "]" for i in range(0, len(numbers), row)]
    return rows[0] if len(rows) == 1 else f"[{', '.join(rows)}]"


def symbol_of(node: Node) -> tuple[str, tuple[int, ...]]:
    """Say what is written into the mark of a node.

    Args:
        node: Any node with a name, or an operation.

    Returns:
        The symbol, and the positions of the arguments that are written into it: numbers without a name.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> [symbol_of(node) for node in (bl.exp(x), 1.0 - x, x * 0.1, x**2)]
        [('exp', ()), ('1 −', (0,)), ('× 0.1', (1,)), ('x²', (1,))]
    """
    if isinstance(node, Constant):
        return (node.name or short_value(node.value)), ()
    if not isinstance(node, Application):
        return (node.name or node.kind), ()
    sign = SYMBOLS.get(node.op.name, node.op.name)
    numbers = {
        position: short_number(argument.value.item())
        for position, argument in enumerate(node.arguments)
        if isinstance(argument, Constant) and not argument.name and argument.shape == ()
    }
    if node.op.name == "pow" and 1 in numbers:
        exponent = node.arguments[1].value[()]  # type: ignore[attr-defined]
        whole = float(exponent).is_integer()
        raised = short_number(int(exponent)).translate(_RAISED) if whole else f"^{numbers[1]}"
        return f"{numbers.get(0, 'x')}{raised}", tuple(numbers)
    if node.op.name in _BETWEEN and numbers:
        if node.op.name in COMMUTATIVE and 0 in numbers and 1 not in numbers:
            return f"{sign} {numbers[0]}", (0,)
        return " ".join(part for part in (numbers.get(0), sign, numbers.get(1)) if part), tuple(numbers)
    return sign, ()
