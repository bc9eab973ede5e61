"""Phrases: how the narrator writes each op, one line an op: its value, its local derivatives, and the rule behind them.

In a formula ``{x}``, ``{y}`` and ``{z}`` are the arguments and ``{out}`` is the value. The way an op uses the elements
of its arguments decides how one element of its value is told: element by element, moved, summed, picked, or as a whole.
"""

import string
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from backlit.graph.node import Application

__all__ = ["PHRASES", "Phrase", "Way", "fill", "phrase_of"]

_FIELDS = "xyz"


class Way(Enum):
    """How an element of a value comes from elements of the arguments.

    Example:
        >>> PHRASES["matmul"].way
        <Way.SUM: 'a sum of products'>
    """

    EACH = "element by element"
    MOVE = "moved, and nothing else"
    SUM = "a sum of products"
    PICK = "one of the elements"
    WHOLE = "from all elements at once"


class Phrase(NamedTuple):
    """How the narrator writes an op.

    Args:
        value: The value as a formula of the arguments.
        local: The local derivative for each argument; the last one serves for all further ones, "" where there is none.
        rules: The rule of differentiation for each argument, likewise.
        way: How an element of the value comes about.

    Example:
        >>> PHRASES["multiply"].value.format(x="a", y="b"), PHRASES["multiply"].local_of(0).format(x="a", y="b")
        ('a · b', 'b')
    """

    value: str
    local: tuple[str, ...]
    rules: tuple[str, ...]
    way: Way = Way.EACH

    def local_of(self, position: int) -> str:
        """Return the formula of the local derivative for the argument at a position."""
        return self.local[min(position, len(self.local) - 1)]

    def rule_of(self, position: int) -> str:
        """Return the rule for the argument at a position."""
        return self.rules[min(position, len(self.rules) - 1)]


_STEP = "a step is flat wherever it has a slope"
_MOVED = "what is only moved passes its gradient back"


def _flat(value: str, way: Way = Way.EACH) -> Phrase:
    return Phrase(value, ("0",), (_STEP,), way)


def _one(value: str, local: str, rule: str) -> Phrase:
    return Phrase(value, (local,), (rule,))


def _moved(value: str) -> Phrase:
    return Phrase(value, ("1",), (_MOVED,), Way.MOVE)


PHRASES: dict[str, Phrase] = {
    "add": _one("{x} + {y}", "1", "a sum passes its gradient on to each summand"),
    "subtract": Phrase(
        "{x} - {y}", ("1", "-1"), ("a difference passes its gradient on", "what is subtracted counts the other way")
    ),
    "multiply": Phrase("{x} · {y}", ("{y}", "{x}"), ("of a product: the other factor",)),
    "divide": Phrase(
        "{x} / {y}", ("1 / {y}", "-{x} / {y}²"), ("of a quotient: 1 over the divisor", "of 1/y: minus 1/y²")
    ),
    "negative": _one("-{x}", "-1", "the sign turns round"),
    "pow": Phrase(
        "{x}^{y}",
        ("{y} · {x}^({y} - 1)", "{x}^{y} · ln({x})"),
        ("the power rule", "of an exponential: itself times ln"),
    ),
    "sqrt": _one("√({x})", "1 / (2·{out})", "of a root: 1 over twice the root"),
    "exp": _one("exp({x})", "{out}", "the exponential is its own derivative"),
    "expm1": _one("exp({x}) - 1", "exp({x})", "the exponential is its own derivative"),
    "log": _one("ln({x})", "1 / {x}", "of a logarithm: 1 over the argument"),
    "log1p": _one("ln(1 + {x})", "1 / (1 + {x})", "of a logarithm: 1 over the argument"),
    "sigmoid": _one("σ({x})", "{out} · (1 - {out})", "of the sigmoid: σ · (1 - σ)"),
    "erf": _one("erf({x})", "2/√π · exp(-{x}²)", "of the error function: the bell curve"),
    "logaddexp": Phrase(
        "ln(exp({x}) + exp({y}))", ("σ({x} - {y})", "σ({y} - {x})"), ("each in proportion to its exponential",)
    ),
    "abs": _one("|{x}|", "sign({x})", "of the absolute value: the sign"),
    "relu": _one("max(0, {x})", "[{x} > 0]", "open where the argument is positive, closed where it is not"),
    "maximum": Phrase("max({x}, {y})", ("[{x} > {y}]", "[{y} > {x}]"), ("the larger one takes all of it",)),
    "minimum": Phrase("min({x}, {y})", ("[{x} < {y}]", "[{y} < {x}]"), ("the smaller one takes all of it",)),
    "clip": Phrase(
        "min(max({x}, {y}), {z})",
        ("[{y} ≤ {x} ≤ {z}]", "[{x} < {y} < {z}]", "[max({x}, {y}) > {z}]"),
        ("open between the bounds", "a bound takes it where it holds the value back"),
    ),
    "where": Phrase(
        "{y} if {x} else {z}",
        ("", "[{x}]", "[not {x}]"),
        ("a condition has no slope", "who is chosen takes all of it"),
    ),
    "cast": _one("{x}", "1", "the same number in another data type"),
    "stop_gradient": _one("{x}, held fixed", "0", "held fixed: nothing passes back"),
    "sin": _one("sin({x})", "cos({x})", "of the sine: the cosine"),
    "cos": _one("cos({x})", "-sin({x})", "of the cosine: minus the sine"),
    "tan": _one("tan({x})", "1 + {out}²", "of the tangent: 1 + tan²"),
    "asin": _one("arcsin({x})", "1 / √(1 - {x}²)", "of the arc sine: 1/√(1 - x²)"),
    "acos": _one("arccos({x})", "-1 / √(1 - {x}²)", "of the arc cosine: -1/√(1 - x²)"),
    "atan": _one("arctan({x})", "1 / (1 + {x}²)", "of the arc tangent: 1/(1 + x²)"),
    "sinh": _one("sinh({x})", "cosh({x})", "of the hyperbolic sine: the hyperbolic cosine"),
    "cosh": _one("cosh({x})", "sinh({x})", "of the hyperbolic cosine: the hyperbolic sine"),
    "tanh": _one("tanh({x})", "1 - {out}²", "of the hyperbolic tangent: 1 - tanh²"),
    "sum": Phrase("sum of {x}", ("1",), ("a sum passes its gradient on to each summand",), Way.SUM),
    "cumulative_sum": Phrase(
        "running sum of {x}", ("[it is in the sum]",), ("a sum passes its gradient on to each summand",), Way.SUM
    ),
    "scatter_add": Phrase(
        "{x} added up at {y}",
        ("1", ""),
        ("a sum passes its gradient on to each summand", "a place has no slope"),
        Way.SUM,
    ),
    "matmul": Phrase(
        "{x} @ {y}", ("{y}ᵀ", "{x}ᵀ"), ("of a product: the other factor, for every product it is in",), Way.SUM
    ),
    "max": Phrase("largest of {x}", ("[it is the largest]",), ("the largest one takes all of it",), Way.PICK),
    "min": Phrase("smallest of {x}", ("[it is the smallest]",), ("the smallest one takes all of it",), Way.PICK),
    "take": Phrase("{x} at {y}", ("1", ""), (_MOVED, "a place has no slope"), Way.MOVE),
    "reshape": _moved("{x}, in another shape"),
    "permute_dims": _moved("{x}, axes in another order"),
    "broadcast_to": Phrase("{x}, repeated", ("1",), ("what is repeated gets the gradients of all copies",), Way.MOVE),
    "flip": _moved("{x}, reversed"),
    "slice": _moved("a part of {x}"),
    "pad": _moved("{x}, with zeros around it"),
    "concat": _moved("{x} followed by {y}"),
    "floor": _flat("⌊{x}⌋"),
    "ceil": _flat("⌈{x}⌉"),
    "round": _flat("{x} rounded"),
    "sign": _flat("sign({x})"),
    "equal": _flat("{x} = {y}"),
    "not_equal": _flat("{x} ≠ {y}"),
    "less": _flat("{x} < {y}"),
    "less_equal": _flat("{x} ≤ {y}"),
    "greater": _flat("{x} > {y}"),
    "greater_equal": _flat("{x} ≥ {y}"),
    "logical_and": _flat("{x} and {y}"),
    "logical_or": _flat("{x} or {y}"),
    "logical_xor": _flat("either {x} or {y}, not both"),
    "logical_not": _flat("not {x}"),
    "isnan": _flat("{x} is not a number"),
    "isfinite": _flat("{x} is finite"),
    "one_hot": _flat("1 at the place {x}, else 0", Way.WHOLE),
    "argmax": _flat("place of the largest of {x}", Way.WHOLE),
    "argmin": _flat("place of the smallest of {x}", Way.WHOLE),
    "random_bits": _flat("random bits from {x}", Way.WHOLE),
}
"""How the narrator writes each op."""


def phrase_of(node: Application) -> Phrase:
    """Return how the narrator writes a node's op.

    Args:
        node: The node.

    Returns:
        The phrase; for an op of the user's own that has none, one made of the words on its card.

    Example:
        >>> import backlit as bl
        >>> phrase_of(bl.exp(bl.input("x"))).value
        'exp({x})'
    """
    known = PHRASES.get(node.op.name)
    if known is not None:
        return known
    local = tuple("the derivative on its card" for _ in node.arguments)
    return Phrase(node.op.words, local, (f"by the card of {node.op.name}",), Way.EACH if node.op.local else Way.WHOLE)


def fill(template: str, values: Sequence[str], out: str = "") -> str:
    """Fill a template: ``{x}``, ``{y}``, ``{z}`` with the values of the arguments and ``{out}`` with the result.

    Args:
        template: The template.
        values: The texts of the arguments.
        out: The text of the result.

    Returns:
        The formula.

    A negative number is put into parentheses where it would otherwise run into what stands before it.

    Example:
        >>> fill("{x} · {y}", ["-2", "-5"]), fill("exp({x})", ["-2"]), fill("{x}^{y}", ["-2", "3"])
        ('-2 · (-5)', 'exp(-2)', '(-2)^3')
    """
    fields = {**dict(zip(_FIELDS, values, strict=False)), "out": out}
    parts = list(string.Formatter().parse(template))
    text = ""
    for place, (before, field, _, _) in enumerate(parts):
        text += before
        if field is None:
            continue
        value = fields.get(field, "…")
        after = parts[place + 1][0] if place + 1 < len(parts) else ""
        before_it = text.rstrip()[-1:]
        joined = bool(before_it) and before_it not in "(|⌊⌈[√," and not before_it.isalpha()
        if value.startswith("-") and (joined or after[:1] in ("^", "²")):
            value = f"({value})"
        text += value
    return text
