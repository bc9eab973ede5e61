"""The words of closed forms that SymPy lacks, or has in a form whose derivative is no function.

SymPy differentiates |x|, max and rounding into Dirac deltas and unevaluated derivatives, and has no sigmoid. Here such
a function is a SymPy function that knows its own slope, written with Iverson's bracket: [x > 0] is 1 where x > 0 and 0
elsewhere (Iverson, 1962; Knuth, 1992). The slope taken at a kink is an argument of the function, chosen when the closed
form is built, so that what SymPy remembers of one choice never answers for another. Each function can be rewritten in
SymPy's own terms: ``expression.rewrite(sympy.Piecewise)``. SymPy itself is loaded when the first word is asked for.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

from backlit.errors import MissingExtraError

__all__ = ["DIGITS", "WORDS", "Word", "compare", "load_sympy", "vocabulary"]

DIGITS = 50
"""With how many digits numbers are computed, so that nothing cancels or overflows on the way to a float64."""

Slope = Callable[[SimpleNamespace, int, Sequence[Any]], Any]
"""``(vocabulary, position, arguments) -> the slope with respect to the argument at that position``."""


def load_sympy() -> ModuleType:
    """Load SymPy.

    Returns:
        The module.

    Raises:
        MissingExtraError: If it is not installed.

    Example:
        >>> load_sympy().sqrt(4)
        2
    """
    try:
        import sympy  # optional: the extra `symbolic`
    except ImportError:
        raise MissingExtraError("SymPy", "symbolic", "symbolic differentiation") from None
    module: ModuleType = sympy
    return module


def _flat(v: SimpleNamespace, position: int, u: Sequence[Any]) -> Any:
    return v.sympy.S.Zero


@dataclass(frozen=True)
class Word:
    """A function that closed forms are written with.

    Args:
        text: How it is written: ``{0}``, ``{1}`` are arguments, ``{all}`` all of them.
        latex: The same in LaTeX.
        value: Its value for numbers, ``(vocabulary, *arguments)``; None leaves it as it stands.
        slope: Its derivative; by default it is flat.
        pieces: The function in SymPy's own terms, ``(sympy, *arguments)``.
        facts: What SymPy may assume of its value.
        settings: How many of the first arguments are settings, which ``{all}`` leaves out.

    Example:
        >>> WORDS["sigmoid"].text
        'σ({0})'
    """

    text: str
    latex: str
    value: Callable[..., Any]
    slope: Slope = _flat
    pieces: Callable[..., Any] | None = None
    facts: tuple[str, ...] = ("real",)
    settings: int = 0


_HOLDS: dict[str, Callable[[int], bool]] = {
    "Gt": lambda order: order > 0,
    "Ge": lambda order: order >= 0,
    "Lt": lambda order: order < 0,
    "Le": lambda order: order <= 0,
    "Eq": lambda order: order == 0,
    "Ne": lambda order: order != 0,
}
_OR_EQUAL = {"Gt": "Ge", "Lt": "Le"}


def _is_real(x: Any) -> bool:
    """Return whether a number is real or infinite: not complex, not NaN and not the result of dividing by zero."""
    return x.is_extended_real is not False and x != load_sympy().nan


def _order(x: Any, y: Any) -> int:
    """Compare two real numbers: -1, 0 or 1."""
    gap = 0 if x == y else x.evalf(DIGITS) - y.evalf(DIGITS)
    return bool(gap > 0) - bool(gap < 0)


def compare(relation: str, x: Any, y: Any) -> Any:
    """Compare two expressions: true or false for numbers, else a relation that SymPy leaves as it is.

    Args:
        relation: ``"Gt"``, ``"Ge"``, ``"Lt"``, ``"Le"``, ``"Eq"`` or ``"Ne"``.
        x: The left side.
        y: The right side.

    Returns:
        A boolean of SymPy. What is no real number differs from everything and is in no order.

    Example:
        >>> sympy = load_sympy()
        >>> compare("Gt", sympy.Integer(2), 1), compare("Gt", sympy.Symbol("x"), 0)
        (True, x > 0)
    """
    sympy = load_sympy()
    x, y = sympy.sympify(x), sympy.sympify(y)
    if x.is_number and y.is_number:
        ordered = _is_real(x) and _is_real(y)
        return sympy.sympify(_HOLDS[relation](_order(x, y)) if ordered else relation == "Ne")
    return sympy.sympify(_HOLDS[relation](0)) if x == y else getattr(sympy, relation)(x, y, evaluate=False)


def _wins(relation: str, x: Any, y: Any) -> bool:
    """Compare two numbers."""
    return bool(compare(relation, x, y))


def _sigmoid(v: SimpleNamespace, u: Any) -> Any:
    if u.is_zero:
        return v.sympy.Rational(1, 2)
    return 1 / (1 + v.sympy.exp(-u)) if u.is_Float or u.is_infinite else None


def _relu_slope(v: SimpleNamespace, position: int, u: Sequence[Any]) -> Any:
    x, share = u
    return v.holds("Ge", x, 0) if share == 1 else v.holds("Gt", x, 0) + share * v.holds("Eq", x, 0)


def _clip_slope(v: SimpleNamespace, position: int, u: Sequence[Any]) -> Any:
    """Let the upper bound win where the bounds cross, as the value does."""
    x, low, high, share = u
    ordered = v.holds("Lt", low, high)
    if position == 0:
        closed, inside = (v.holds(r, low, x) * v.holds(r, x, high) for r in ("Le", "Lt"))
        return ordered * (inside + share * (closed - inside) if share not in (0, 1) else closed if share else inside)
    if position == 1:
        return ordered * (v.holds("Lt", x, low) + (1 - share) * v.holds("Eq", x, low))
    beyond = v.holds("Gt", x, high) + (1 - share) * v.holds("Eq", x, high)
    return (1 - ordered) + ordered * beyond


def _pair(name: str, beats: str) -> Word:
    """Write the larger or the smaller of two; the third argument is the share of the first where they tie."""

    def slope(v: SimpleNamespace, position: int, u: Sequence[Any]) -> Any:
        mine, other, share = (u[0], u[1], u[2]) if position == 0 else (u[1], u[0], 1 - u[2])
        if share == 1:
            return v.holds(_OR_EQUAL[beats], mine, other)
        return v.holds(beats, mine, other) + share * v.holds("Eq", u[0], u[1])

    return Word(
        f"{name}({{0}}, {{1}})",
        rf"\{name}\left({{0}}, {{1}}\right)",
        lambda v, x, y, share: x if _wins(beats, x, y) else y,
        slope,
        lambda sympy, x, y, share: sympy.Piecewise((x, getattr(sympy, beats)(x, y)), (y, True)),
    )


def _extreme(word: str, name: str, beats: str) -> Word:
    """Write the largest or smallest of several; the first argument is 1 where ties share, 0 where the first wins."""
    closed = _OR_EQUAL[beats]

    def slope(v: SimpleNamespace, position: int, u: Sequence[Any]) -> Any:
        if u[0] == 1:
            best = getattr(v, word)(*u)
            ties = [v.holds("Eq", x, best) for x in u[1:]]
            return ties[position - 1] / v.sympy.Add(*ties)
        before = [compare(beats, u[position], x) for x in u[1:position]]
        return v.bracket(v.sympy.And(*before, *[compare(closed, u[position], x) for x in u[position + 1 :]]))

    def pieces(sympy: ModuleType, shared: Any, *u: Any) -> Any:
        best = [(x, sympy.And(*[getattr(sympy, closed)(x, y) for y in u if y != x])) for x in u]
        return sympy.Piecewise(*best[:-1], (u[-1], True))

    return Word(
        f"{name}({{all}})",
        rf"\{name}\left({{all}}\right)",
        lambda v, shared, *u: functools.reduce(lambda x, y: y if _wins(beats, y, x) else x, u),
        slope,
        pieces,
        settings=1,
    )


def _place(name: str, beats: str) -> Word:
    def value(v: SimpleNamespace, *u: Any) -> Any:
        return functools.reduce(lambda best, i: i if _wins(beats, u[i], u[best]) else best, range(len(u)))

    return Word(f"{name}({{all}})", rf"\operatorname{{{{{name}}}}}\left({{all}}\right)", value, facts=("integer",))


def _step(text: str, latex: str, value: Callable[[ModuleType, Any], Any]) -> Word:
    """Write a function that rounds; what is infinite stays."""
    return Word(text, latex, lambda v, x: x if x.is_infinite else value(v.sympy, x))


def _round_half_to_even(sympy: ModuleType, x: Any) -> Any:
    up = sympy.floor(x + sympy.Rational(1, 2))
    return up - 1 if up % 2 == 1 and compare("Eq", up - x, sympy.Rational(1, 2)) else up


def _name_of(text: str) -> tuple[str, str]:
    return f"{text}({{0}})", rf"\operatorname{{{{{text}}}}}\left({{0}}\right)"


WORDS: dict[str, Word] = {
    "sigmoid": Word(
        "σ({0})",
        r"\sigma\left({0}\right)",
        _sigmoid,
        lambda v, position, u: v.sigmoid(*u) * (1 - v.sigmoid(*u)),
        lambda sympy, x: 1 / (1 + sympy.exp(-x)),
        facts=("positive",),
    ),
    "absolute": Word(
        "|{0}|",
        r"\left|{0}\right|",
        lambda v, x, at_zero: x if _wins("Gt", x, 0) else -x,
        lambda v, position, u: v.sign(u[0]) + u[1] * v.holds("Eq", u[0], 0),
        lambda sympy, x, at_zero: sympy.Piecewise((x, x > 0), (-x, True)),
        facts=("nonnegative",),
    ),
    "relu": Word(
        "max(0, {0})",
        r"\max\left(0, {0}\right)",
        lambda v, x, at_zero: x if _wins("Gt", x, 0) else 0,
        _relu_slope,
        lambda sympy, x, at_zero: sympy.Piecewise((x, x > 0), (0, True)),
        facts=("nonnegative",),
    ),
    "maximum": _pair("max", "Gt"),
    "minimum": _pair("min", "Lt"),
    "clip": Word(
        "min(max({0}, {1}), {2})",
        r"\min\left(\max\left({0}, {1}\right), {2}\right)",
        lambda v, x, low, high, at_bound: v.minimum(v.maximum(x, low, 1), high, 1),
        _clip_slope,
        lambda sympy, x, low, high, at_bound: sympy.Piecewise(
            (high, (low >= high) | (x > high)), (low, x < low), (x, True)
        ),
    ),
    "largest": _extreme("largest", "max", "Gt"),
    "smallest": _extreme("smallest", "min", "Lt"),
    "argmax": _place("argmax", "Gt"),
    "argmin": _place("argmin", "Lt"),
    "sign": Word(*_name_of("sign"), lambda v, x: _order(x, v.sympy.S.Zero), facts=("integer",)),
    "floor": _step("⌊{0}⌋", r"\lfloor {0} \rfloor", lambda sympy, x: sympy.floor(x)),
    "ceil": _step("⌈{0}⌉", r"\lceil {0} \rceil", lambda sympy, x: sympy.ceiling(x)),
    "round": _step(*_name_of("round"), _round_half_to_even),
    "truncate": _step(
        *_name_of("truncate"), lambda sympy, x: sympy.floor(x) if _wins("Gt", x, 0) else sympy.ceiling(x)
    ),
    "fixed": Word(*_name_of("fixed"), lambda v, x: x),
}
"""The functions of numbers, by the names under which ``vocabulary`` has them."""

_BRACKET = Word("[{0}]", r"\left[{0}\right]", lambda v, condition: None)
_CHOOSE = Word(
    "({1} if {0}, else {2})",
    r"\left(\begin{{cases}} {1} & {0} \\ {2} & \text{{else}} \end{{cases}}\right)",
    lambda v, condition, x, y: None,
)


def _class_of(name: str, word: Word, **members: Any) -> Any:
    """Make a class of SymPy functions: how it is evaluated, differentiated, rewritten and written."""
    sympy = load_sympy()

    def evaluate(cls: type, *u: Any) -> Any:
        if not all(x.is_number for x in u):
            return None
        value = word.value(vocabulary(), *u) if all(map(_is_real, u)) else sympy.nan
        return None if value is None else sympy.sympify(value)

    def slope(self: Any, argindex: int = 1) -> Any:
        return word.slope(vocabulary(), argindex - 1, self.args)

    def written(self: Any, printer: Any) -> str:
        parts = [printer._print(x) for x in self.args]
        return word.text.format(*parts, all=", ".join(parts[word.settings :]))

    def latex(self: Any, printer: Any, exp: str | None = None) -> str:
        parts = [printer._print(x) for x in self.args]
        text = word.latex.format(*parts, all=", ".join(parts[word.settings :]))
        return text if exp is None else f"{text}^{{{exp}}}"

    def rewrite(self: Any, rule: Any, args: Sequence[Any], **hints: Any) -> Any:
        return word.pieces(sympy, *args) if word.pieces and rule is sympy.Piecewise else None

    body: dict[str, Any] = {f"is_{fact}": True for fact in word.facts}
    body |= {"eval": classmethod(evaluate), "fdiff": slope, "_should_evalf": classmethod(lambda cls, x: -1)}
    body |= {"_sympystr": written, "_latex": latex, "_eval_rewrite": rewrite}
    return type(name, (sympy.Function,), body | members)


@functools.cache
def vocabulary() -> SimpleNamespace:
    """Return the functions that closed forms are written with, as classes of SymPy.

    Returns:
        A namespace: SymPy itself as ``sympy``; every function of ``WORDS``; ``bracket(condition)``, which is 1 or 0;
        ``choose(condition, x, y)``; and ``holds(relation, x, y)``, the bracket of a comparison.

    Raises:
        MissingExtraError: If SymPy is not installed.

    Example:
        >>> v = vocabulary()
        >>> x = v.sympy.Symbol("x", real=True)
        >>> v.sigmoid(3 * x).diff(x)
        3*(1 - σ(3*x))*σ(3*x)
        >>> v.relu(x, 0).diff(x)
        [x > 0]
    """
    sympy = load_sympy()
    truths = {sympy.true: True, sympy.false: False}

    def bracket(cls: type, condition: Any) -> Any:
        return sympy.Integer(truths[condition]) if condition in truths else None

    def choice(cls: type, condition: Any, x: Any, y: Any) -> Any:
        return y if x == y else (x if truths[condition] else y) if condition in truths else None

    v = SimpleNamespace(sympy=sympy, **{name: _class_of(name, word) for name, word in WORDS.items()})
    v.bracket = _class_of(
        "bracket",
        _BRACKET,
        eval=classmethod(bracket),
        is_nonnegative=True,
        is_integer=True,
        _eval_derivative=lambda self, symbol: sympy.S.Zero,
        _eval_power=lambda self, exponent: self if exponent.is_positive else None,
    )
    v.choose = _class_of(
        "choose",
        _CHOOSE,
        eval=classmethod(choice),
        _eval_derivative=lambda self, s: v.choose(self.args[0], *(x.diff(s) for x in self.args[1:])),
    )
    v.holds = lambda relation, x, y: v.bracket(compare(relation, x, y))
    return v
