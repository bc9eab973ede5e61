"""A calculator for formulas as the narrator writes them: ``1 - 0.5²``, ``[3 > 0]``, ``√(2) · (-1)``, ``max(0, x)``.

It reads the text alone, so that what a reader would compute from a line can be compared with what the library computed.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from backlit.engines.reference.special import erf

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:e[-+]?\d+)?)|(?P<word>[^\W\d²][^\W²]*)|(?P<sign>≠|≤|≥|[-+·/^²√|()\[\]⌊⌋⌈⌉<>=,]))"
)


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


FUNCTIONS: dict[str, Any] = {
    "exp": np.exp,
    "ln": np.log,
    "σ": _sigmoid,
    "erf": lambda x: erf(np.float64(x)),
    "sign": np.sign,
    "max": max,
    "min": min,
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{f"arc{name}": getattr(np, f"arc{name}") for name in ("sin", "cos", "tan")},
}
COMPARISONS: dict[str, Any] = {
    "<": np.less,
    "≤": np.less_equal,
    ">": np.greater,
    "≥": np.greater_equal,
    "=": np.equal,
    "≠": np.not_equal,
}
CLOSING = {"(": ")", "[": "]", "|": "|", "⌊": "⌋", "⌈": "⌉"}


class _Reader:
    """A reader by recursive descent, from what binds loosest to what binds tightest."""

    def __init__(self, text: str, values: Mapping[str, float]) -> None:
        self.values = values
        self.tokens: list[str] = []
        place = 0
        while place < len(text.rstrip()):
            match = _TOKEN.match(text, place)
            assert match, f"cannot read {text[place:]!r} in {text!r}"
            self.tokens.append(match[0].strip())
            place = match.end()

    def peek(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self, *wanted: str) -> bool:
        if self.tokens[: len(wanted)] != list(wanted):
            return False
        del self.tokens[: len(wanted)]
        return True

    def whole(self) -> Any:
        value = self.choice()
        assert not self.tokens, f"left over: {self.tokens}"
        return value

    def choice(self) -> Any:
        chosen = self.logic()
        if self.take("if"):
            condition = self.logic()
            assert self.take("else")
            other = self.choice()
            return chosen if condition else other
        self.take(",", "held", "fixed")
        return chosen

    def logic(self) -> Any:
        if self.take("either"):
            x = self.relation()
            assert self.take("or")
            y = self.relation()
            assert self.take(",", "not", "both")
            return bool(x) != bool(y)
        if self.take("not"):
            return not self.relation()
        x = self.relation()
        if self.take("and"):
            return self.relation() and x
        return (self.relation() or x) if self.take("or") else x

    def relation(self) -> Any:
        x = self.total()
        holds = True
        chained = False
        while self.peek() in COMPARISONS:
            compare = COMPARISONS[self.tokens.pop(0)]
            y = self.total()
            holds, x, chained = holds and bool(compare(x, y)), y, True
        if self.take("is", "finite"):
            return bool(np.isfinite(x))
        if self.take("is", "not", "a", "number"):
            return bool(np.isnan(x))
        if self.take("rounded"):
            return np.round(x)
        return holds if chained else x

    def total(self) -> Any:
        value = self.product()
        while self.peek() in ("+", "-"):
            value = value + self.product() if self.tokens.pop(0) == "+" else value - self.product()
        return value

    def product(self) -> Any:
        value = self.signed()
        while self.peek() in ("·", "/"):
            value = value * self.signed() if self.tokens.pop(0) == "·" else value / self.signed()
        return value

    def signed(self) -> Any:
        return -self.signed() if self.take("-") else self.power()

    def power(self) -> Any:
        base = self.atom()
        if self.take("²"):
            assert self.peek() not in ("²", "^"), "a power of a power without parentheses"
            return base * base
        if self.take("^"):
            exponent = self.atom()
            assert self.peek() not in ("²", "^"), "a power of a power without parentheses"
            return np.float64(base) ** exponent
        return base

    def atom(self) -> Any:
        token = self.tokens.pop(0)
        if token == "√":
            return np.sqrt(self.atom())
        if token in CLOSING:
            inside = self.choice()
            assert self.take(CLOSING[token]), f"{token} is not closed"
            return {"(": inside, "[": inside, "|": abs(inside), "⌊": np.floor(inside), "⌈": np.ceil(inside)}[token]
        if token in FUNCTIONS and self.peek() == "(":
            self.take("(")
            arguments = [self.choice()]
            while self.take(","):
                arguments.append(self.choice())
            assert self.take(")"), f"{token}( is not closed"
            return FUNCTIONS[token](*arguments)
        known = {"π": math.pi, "true": True, "false": False, **self.values}
        value = known.get(token, token)
        return value if isinstance(value, bool) else np.float64(value)


def calculate(text: str, **values: float) -> float:
    """Compute a formula, with values for the names in it."""
    with np.errstate(all="ignore"):
        return float(_Reader(text, values).whole())
