"""LaTeX: the chain rule of an explanation with names first and with numbers below; derivatives as formulas."""

import re
import unicodedata

from backlit.explain.comparison import DerivativeComparison
from backlit.explain.narration.explanation import Contribution, Explanation, Summary
from backlit.explain.numerals import format_number
from backlit.explain.showing import renders

__all__ = ["comparison_latex", "explanation_latex", "latex_name", "latex_number"]

_INDEXED = re.compile(r"(?P<name>.+?)\[(?P<index>[\d,]+)\]", re.DOTALL)
_LETTER = re.compile(r"(?P<letter>[^\W\d_])_?(?P<number>\d*)")
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    **{character: f"\\{character}" for character in "#$%&_{}"},
}
_LATIN_CAPITALS = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
_MOST_SUMMANDS = 3


def latex_name(name: str) -> str:
    r"""Write a name as LaTeX: a letter with a number as an index, anything else as upright text.

    Args:
        name: The name of a node or an element.

    Returns:
        The LaTeX.

    Example:
        >>> print(latex_name("θ2"), latex_name("W[3,5]"), latex_name("0.weight[1]"))
        \theta_{2} W_{3,5} \text{0.weight}_{1}
    """
    match = _INDEXED.fullmatch(name)
    base, index = (match["name"], match["index"]) if match else (name, "")
    letter = _LETTER.fullmatch(base)
    if letter is None:
        written = "\\text{" + "".join(_SPECIAL.get(character, character) for character in base) + "}"
        return f"{written}_{{{index}}}" if index else written
    subscripts = ", ".join(part for part in (letter["number"], index) if part)
    written = _letter(letter["letter"])
    return f"{written}_{{{subscripts}}}" if subscripts else written


def _letter(letter: str) -> str:
    """Write a letter; a Greek one by its name, unless it looks like a Latin one and has none in LaTeX."""
    name = unicodedata.name(letter, "").split()
    if len(name) != 4 or name[0] != "GREEK" or name[2] != "LETTER":  # as in GREEK SMALL LETTER ALPHA
        return letter if letter.isascii() else f"\\text{{{letter}}}"
    if letter in _LATIN_CAPITALS or letter == "ο":
        return unicodedata.normalize("NFKD", name[3][0] if name[1] == "CAPITAL" else "o")
    known = {"LAMDA": "lambda"}.get(name[3], name[3].lower())
    return "\\" + (known.capitalize() if name[1] == "CAPITAL" else known)


def latex_number(number: float) -> str:
    r"""Write a number as LaTeX.

    Args:
        number: Any number.

    Returns:
        The LaTeX.

    Example:
        >>> print(latex_number(-0.5), latex_number(1e-9), latex_number(float("inf")))
        -0.5 1 \cdot 10^{-9} \infty
    """
    text = format_number(number)
    if isinstance(number, bool):
        return f"\\text{{{text}}}"
    if "e" in text:
        digits, power = text.split("e")
        return f"{digits} \\cdot 10^{{{int(power)}}}"
    return {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\text{NaN}"}.get(text, text)


def _factor(number: float) -> str:
    text = latex_number(number)
    return f"({text})" if text.startswith("-") else text


def _derivative(of: str, by: str) -> str:
    return f"\\frac{{\\partial {latex_name(of)}}}{{\\partial {latex_name(by)}}}"


@renders("latex", Explanation)
def explanation_latex(told: Explanation) -> str:
    r"""Write the chain rule of an explanation: Σ local derivative · upstream gradient, with names and with numbers.

    Args:
        told: The explanation of a single number.

    Returns:
        LaTeX for a mathematical environment; of an array, of the loss itself and of what has no gradient, only what
        they are.

    Example:
        >>> import backlit as bl
        >>> x, θ = bl.input("x"), bl.parameter(5.0, name="θ2")
        >>> print(explanation_latex(bl.trace((x * θ).named("f"), {"x": -2.0}).explain("θ2")))
        \begin{aligned}
        \frac{\partial f}{\partial \theta_{2}}
          &= \frac{\partial f}{\partial f} \cdot \frac{\partial f}{\partial \theta_{2}} \\
          &= 1 \cdot (-2) \\
          &= -2
        \end{aligned}
    """
    if isinstance(told.value, Summary) or told.gradient is None or isinstance(told.gradient, Summary):
        return latex_name(told.name) + ("" if isinstance(told.value, Summary) else f" = {latex_number(told.value)}")
    begin = _derivative(told.loss, told.name)
    if not told.contributions:
        return f"{begin} = {latex_number(told.gradient)}"
    shown = told.contributions[:_MOST_SUMMANDS]
    rest = len(told.contributions) + told.omitted - len(shown)
    dots = r" + \cdots" if rest else ""
    names = " + ".join(_names(told, part) for part in shown) + dots
    numbers = " + ".join(_numbers(part) for part in shown) + dots
    lines = [begin, f"  &= {names} \\\\", f"  &= {numbers} \\\\", f"  &= {latex_number(told.gradient)}"]
    return "\n".join([r"\begin{aligned}", *lines, r"\end{aligned}"])


def _names(told: Explanation, part: Contribution) -> str:
    return f"{_derivative(told.loss, part.consumer)} \\cdot {_derivative(part.consumer, told.name)}"


def _numbers(part: Contribution) -> str:
    assert isinstance(part.upstream, float)
    assert isinstance(part.local, float)
    return f"{latex_number(part.upstream)} \\cdot {_factor(part.local)}"


@renders("latex", DerivativeComparison)
def comparison_latex(told: DerivativeComparison) -> str:
    r"""Write the derivative with respect to each leaf: as a formula where it could be derived, else as a number.

    Args:
        told: The comparison.

    Returns:
        LaTeX for a mathematical environment, a line a leaf; without the arrays of which there is no formula.

    Example:
        >>> import backlit as bl
        >>> θ, x = bl.parameter(3.0, name="θ"), bl.input("x")
        >>> print(comparison_latex(bl.compare_derivatives((θ * x * x).named("L"), {"x": 2.0})))
        \begin{aligned}
        \frac{\partial L}{\partial \theta} &= x^{2}
        \end{aligned}
    """
    formulas = dict(told.formulas_latex)
    for name, array in told["reverse mode"].values.items():
        if array.ndim == 0:
            formulas.setdefault(name, latex_number(float(array)))
    lines = [f"{_derivative(told.function, name)} &= {formula}" for name, formula in formulas.items()]
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}"])
