"""What formulas may call: one table from names to functions of single numbers, and no other way in.

Every op that works element by element on floats is here under its own name, so is every comparison, and a few words
that everybody types: ``max`` and ``sum`` of several numbers, ``softplus``, ``mean``. What has another name elsewhere,
or is easily written with what is here, gets a message that says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

from backlit.errors import nearest
from backlit.graph import ops
from backlit.graph.formula_lexer import Token
from backlit.graph.node import Node
from backlit.graph.scope import call_scope

__all__ = ["FUNCTIONS", "FormulaFunction", "call_function", "check_function", "usage"]


@dataclass(frozen=True)
class FormulaFunction:
    """A function that formulas may call.

    Args:
        build: From nodes of the arguments to the node of the value.
        arguments: What the arguments are called in messages; a ``condition`` is true or false, all else a number.
        more: Whether further arguments like the last may follow.

    Example:
        >>> FUNCTIONS["clip"].arguments, FUNCTIONS["max"].more
        (('x', 'low', 'high'), True)
    """

    build: Callable[..., Node]
    arguments: tuple[str, ...] = ("x",)
    more: bool = False


def _softplus(x: Node) -> Node:
    with call_scope("softplus"):
        return ops.logaddexp(x, 0.0)


def _softsign(x: Node) -> Node:
    with call_scope("softsign"):
        return x / (1.0 + ops.abs(x))


def _silu(x: Node) -> Node:
    with call_scope("silu"):
        return x * ops.sigmoid(x)


def _leaky_relu(x: Node, slope: Node) -> Node:
    with call_scope("leaky_relu"):
        positive = ops.relu(x)
        return positive + slope * (x - positive)


def _mean(*values: Node) -> Node:
    with call_scope("mean"):
        return reduce(ops.add, values) / float(len(values))


def _several(pair: Callable[..., Node]) -> FormulaFunction:
    """Make a function of two numbers one of two or more, from left to right."""
    return FormulaFunction(lambda *values: reduce(pair, values), ("x", "y"), more=True)


FUNCTIONS: dict[str, FormulaFunction] = {
    "abs": FormulaFunction(ops.abs),
    "acos": FormulaFunction(ops.acos),
    "add": FormulaFunction(ops.add, ("x", "y")),
    "asin": FormulaFunction(ops.asin),
    "atan": FormulaFunction(ops.atan),
    "ceil": FormulaFunction(ops.ceil),
    "clip": FormulaFunction(ops.clip, ("x", "low", "high")),
    "cos": FormulaFunction(ops.cos),
    "cosh": FormulaFunction(ops.cosh),
    "divide": FormulaFunction(ops.divide, ("x", "y")),
    "equal": FormulaFunction(ops.equal, ("x", "y")),
    "erf": FormulaFunction(ops.erf),
    "exp": FormulaFunction(ops.exp),
    "expm1": FormulaFunction(ops.expm1),
    "floor": FormulaFunction(ops.floor),
    "greater": FormulaFunction(ops.greater, ("x", "y")),
    "greater_equal": FormulaFunction(ops.greater_equal, ("x", "y")),
    "leaky_relu": FormulaFunction(_leaky_relu, ("x", "slope")),
    "less": FormulaFunction(ops.less, ("x", "y")),
    "less_equal": FormulaFunction(ops.less_equal, ("x", "y")),
    "log": FormulaFunction(ops.log),
    "log1p": FormulaFunction(ops.log1p),
    "logaddexp": FormulaFunction(ops.logaddexp, ("x", "y")),
    "logical_and": FormulaFunction(ops.logical_and, ("condition", "condition")),
    "logical_not": FormulaFunction(ops.logical_not, ("condition",)),
    "logical_or": FormulaFunction(ops.logical_or, ("condition", "condition")),
    "logical_xor": FormulaFunction(ops.logical_xor, ("condition", "condition")),
    "logsumexp": _several(ops.logaddexp),
    "max": _several(ops.maximum),
    "maximum": FormulaFunction(ops.maximum, ("x", "y")),
    "mean": FormulaFunction(_mean, ("x", "y"), more=True),
    "min": _several(ops.minimum),
    "minimum": FormulaFunction(ops.minimum, ("x", "y")),
    "multiply": FormulaFunction(ops.multiply, ("x", "y")),
    "negative": FormulaFunction(ops.negative),
    "not_equal": FormulaFunction(ops.not_equal, ("x", "y")),
    "pow": FormulaFunction(ops.pow, ("x", "y")),
    "prod": _several(ops.multiply),
    "relu": FormulaFunction(ops.relu),
    "round": FormulaFunction(ops.round),
    "sigmoid": FormulaFunction(ops.sigmoid),
    "sign": FormulaFunction(ops.sign),
    "silu": FormulaFunction(_silu),
    "sin": FormulaFunction(ops.sin),
    "sinh": FormulaFunction(ops.sinh),
    "softplus": FormulaFunction(_softplus),
    "softsign": FormulaFunction(_softsign),
    "sqrt": FormulaFunction(ops.sqrt),
    "square": FormulaFunction(ops.square),
    "stop_gradient": FormulaFunction(ops.stop_gradient),
    "subtract": FormulaFunction(ops.subtract, ("x", "y")),
    "sum": _several(ops.add),
    "tan": FormulaFunction(ops.tan),
    "tanh": FormulaFunction(ops.tanh),
    "where": FormulaFunction(ops.where, ("condition", "x", "y")),
}
"""What formulas may call, by name."""

_ELSEWHERE = {
    "arccos": "acos(x)",
    "arcsin": "asin(x)",
    "arctan": "atan(x)",
    "cbrt": "x^(1/3), for x > 0",
    "elu": "where(x > 0, x, expm1(x))",
    "fabs": "abs(x)",
    "gelu": "x*(1 + erf(x/sqrt(2)))/2",
    "hard_threshold": "where(x >= 0, 1, 0)",
    "if": "where(x > 0, y, z)",
    "lg": "log(x)/log(10)",
    "ln": "log(x)",
    "log10": "log(x)/log(10)",
    "log2": "log(x)/log(2)",
    "logistic": "sigmoid(x)",
    "power": "pow(x, y)",
    "softmax": "exp(x)/(exp(x) + exp(y)): each probability is a formula of its own",
    "step": "where(x >= 0, 1, 0)",
    "swish": "silu(x)",
    "σ": "sigmoid(x)",
}
"""What other names would be here."""


def usage(name: str) -> str:
    """Write a call of a function.

    Args:
        name: A name in the table.

    Returns:
        The text.

    Example:
        >>> usage("where"), usage("max")
        ('where(condition, x, y)', 'max(x, y, ...)')
    """
    function = FUNCTIONS[name]
    return f"{name}({', '.join(function.arguments)}{', ...' * function.more})"


def check_function(token: Token, *, is_value: bool = False) -> None:
    """Refuse a name that is called and cannot be, and say what could be meant.

    Args:
        token: The name.
        is_value: Whether it is known to be the name of a value.

    Raises:
        ParseError: If there is no such function; the message suggests the nearest, or lists them all.

    Example:
        >>> from backlit.graph.formula_lexer import read_tokens
        >>> check_function(read_tokens("sigmod(x)")[0][0])
        Traceback (most recent call last):
        backlit.errors.ParseError: there is no function sigmod (did you mean 'sigmoid'?)
            sigmod(x)
            ^^^^^^
    """
    name = token.text
    if name in FUNCTIONS:
        return
    if is_value:
        raise token.fail(f"{name} is a value, not a function", instead=f"write {name}*(...) to multiply")
    if name in _ELSEWHERE:
        raise token.fail(f"there is no function {name}", instead=f"write {_ELSEWHERE[name]}")
    hint = nearest(name, FUNCTIONS)
    if hint:
        raise token.fail(f"there is no function {name}{hint}")
    listed = f"the functions are {', '.join(FUNCTIONS)}"
    raise token.fail(f"there is no function {name}", why=listed, instead=f"write {name}*(...) to multiply")


def call_function(token: Token, arguments: list[Node]) -> Node:
    """Build the node of a call.

    Args:
        token: The name of a function in the table.
        arguments: The nodes of its arguments.

    Returns:
        The node of the value.

    Raises:
        ParseError: If the arguments are too few or too many, or a condition where a number should be or the reverse.

    Example:
        >>> from backlit.graph.formula_lexer import read_tokens
        >>> call_function(read_tokens("exp")[0][0], [ops.add(1.0, 2.0)])
        <exp: float32[]>
    """
    name, function = token.text, FUNCTIONS[token.text]
    needed = len(function.arguments)
    if len(arguments) < needed or (len(arguments) > needed and not function.more):
        count = f"{needed} or more arguments" if function.more else f"{needed} argument{'s' * (needed > 1)}"
        raise token.fail(f"{name} takes {count}; received {len(arguments)}", instead=f"write {usage(name)}")
    for place, value in enumerate(arguments):
        is_condition = function.arguments[min(place, needed - 1)] == "condition"
        if is_condition == (value.dtype == "bool"):
            continue
        what = f"argument {place + 1} of {name} is "
        if is_condition:
            raise token.fail(what + "a number, not true or false", instead="write a comparison, such as x > 0")
        raise token.fail(what + "true or false, not a number", instead="write where(x > 0, 1, 0) in place of x > 0")
    return function.build(*arguments)
