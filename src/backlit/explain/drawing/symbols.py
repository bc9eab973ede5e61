"""Symbols: what is written into the marks of a diagram.

``SYMBOLS`` has the sign of every op as one writes it into a circle on the blackboard. A number that a formula holds, as
in ``2 * x`` or ``1 - y``, is written into the circle of its operation: it needs no circle of its own.
"""

from backlit.explain.numerals import SHORT, format_number, short_value
from backlit.graph.leaves import Constant
from backlit.graph.node import Application, Node

__all__ = ["COMMUTATIVE", "SYMBOLS", "symbol_of"]

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

_LONGEST = 16
"""The most letters of the range of a slice."""

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


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
        >>> symbol_of(bl.input("v", shape=(2, 6))[:, 2:4])
        ('[:, 2:4]', ())
    """
    if isinstance(node, Constant):
        return (node.name or short_value(node.value)), ()
    if not isinstance(node, Application):
        return (node.name or node.kind), ()
    if node.op.name == "slice":
        return _range(node), ()
    sign = SYMBOLS.get(node.op.name, node.op.name)
    numbers = {
        position: format_number(argument.value.item(), SHORT)
        for position, argument in enumerate(node.arguments)
        if isinstance(argument, Constant) and not argument.name and argument.shape == ()
    }
    if node.op.name == "pow" and 1 in numbers:
        exponent = node.arguments[1].value[()]  # type: ignore[attr-defined]
        whole = float(exponent).is_integer()
        raised = format_number(int(exponent)).translate(_RAISED) if whole else f"^{numbers[1]}"
        return f"{numbers.get(0, 'x')}{raised}", tuple(numbers)
    if node.op.name in _BETWEEN and numbers:
        if node.op.name in COMMUTATIVE and 0 in numbers and 1 not in numbers:
            return f"{sign} {numbers[0]}", (0,)
        return " ".join(part for part in (numbers.get(0), sign, numbers.get(1)) if part), tuple(numbers)
    return sign, ()


def _range(node: Application) -> str:
    """Write which part a slice takes of each axis, as one indexes in Python; by its name where that is long."""
    cuts = zip(node.attributes["starts"], node.attributes["stops"], node.attributes["steps"], strict=True)
    parts = [
        ":" if (start, stop, step) == (0, length, 1) else f"{start}:{stop}" + (f":{step}" if step != 1 else "")
        for (start, stop, step), length in zip(cuts, node.arguments[0].shape, strict=True)
    ]
    while len(parts) > 1 and parts[-1] == ":":
        parts.pop()
    text = f"[{', '.join(parts)}]"
    return text if len(text) <= _LONGEST else SYMBOLS["slice"]
