"""The written form of closed forms: on one line, as ``x1 · σ(z) · (1 - σ(z))``, and in LaTeX.

It is SymPy's printer with the signs of the blackboard: a dot between factors in the order number, name, function, sum;
raised exponents; roots, ln and brackets. ``name_shared_parts`` gives names to the arguments that stand more than once,
which is what backpropagation does with numbers: z is worked out once, and read wherever it is needed.
"""

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from backlit.autodiff.symbolic_functions import load_sympy

__all__ = ["name_shared_parts", "write_latex", "write_text"]

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_RELATIONS = {"Eq": "=", "Ne": "≠", "Gt": ">", "Ge": "≥", "Lt": "<", "Le": "≤"}
_PRODUCT, _POWER, _FUNCTION = 50, 60, 70
"""How strongly they bind, in SymPy's table: what binds less is put into parentheses."""

_NAMES = {"log": "ln", "asin": "arcsin", "acos": "arccos", "atan": "arctan"}


def _number(value: Any) -> str:
    """Write a float with six significant digits, as few as it needs."""
    return f"{float(value):.6g}"


def _rank(factor: Any) -> int:
    """Order factors as one writes them: numbers, names and their powers, functions, sums."""
    base = factor.base if factor.is_Pow else factor
    return 0 if base.is_number else 1 if base.is_Symbol else 3 if base.is_Add else 2


def _split(expression: Any) -> tuple[str, list[Any], list[Any]]:
    """Split a product into its sign, the factors above the line and those below."""
    sympy = load_sympy()
    number, factors = expression.as_coeff_mul(rational=False)
    sign, number = ("-", -number) if number.is_negative else ("", number)
    one = number.p == 1 if number.is_Rational else (number - 1).is_zero
    above = [] if one else [number.p if number.is_Rational else number]
    below = [number.q] if number.is_Rational and number.q != 1 else []
    for factor in factors:
        power = factor.exp if factor.is_Pow else sympy.S.One
        if power.is_Rational and power.is_negative:
            below.append(factor.base if power == -1 else sympy.Pow(factor.base, -power, evaluate=False))
        else:
            above.append(factor)
    order = sorted(range(len(above)), key=lambda i: _rank(sympy.sympify(above[i])))
    return sign, [sympy.sympify(above[i]) for i in order], [sympy.sympify(each) for each in below]


def _print_product(printer: Any, expression: Any) -> str:
    sign, above, below = _split(expression)
    top = " · ".join(printer.parenthesize(factor, _PRODUCT) for factor in above) or "1"
    if not below:
        return sign + top
    bottom = " · ".join(printer.parenthesize(factor, _PRODUCT) for factor in below)
    return f"{sign}{top} / {bottom if len(below) == 1 else f'({bottom})'}"


def _ordered_terms(expression: Any) -> list[Any]:
    """Order terms as one writes them: high powers first, and a negative term first only where all are negative."""
    terms: list[Any] = expression.as_ordered_terms(order="grlex")
    first = next((i for i, term in enumerate(terms) if not term.could_extract_minus_sign()), 0)
    return [terms[first], *terms[:first], *terms[first + 1 :]]


def _print_sum(printer: Any, expression: Any) -> str:
    text = ""
    for term in _ordered_terms(expression):
        part = printer._print(term)
        joined = f" - {part[1:]}" if part.startswith("-") else f" + {part}"
        text += joined if text else part
    return text


def _print_power(printer: Any, expression: Any, rational: bool = False) -> str:
    base, exponent = expression.base, expression.exp
    if exponent.is_Rational and exponent.is_negative:
        return _print_product(printer, expression)
    if exponent.is_Rational and exponent.p == 1 and exponent.q == 2:
        inner = printer._print(base)
        return f"√{inner}" if base.is_Atom else f"√({inner})"
    foot = printer.parenthesize(base, _FUNCTION, strict=True)
    if exponent.is_Integer:
        return str(foot) + str(exponent).translate(_RAISED)
    return f"{foot}^{printer.parenthesize(exponent, _POWER)}"


def _print_function(printer: Any, expression: Any) -> str:
    name = expression.func.__name__
    return f"{_NAMES.get(name, name)}({', '.join(printer._print(x) for x in expression.args)})"


def _print_relation(printer: Any, expression: Any) -> str:
    sign = next(sign for name, sign in _RELATIONS.items() if isinstance(expression, getattr(load_sympy(), name)))
    return f"{printer._print(expression.lhs)} {sign} {printer._print(expression.rhs)}"


def _connective(word: str) -> Any:
    def written(printer: Any, expression: Any) -> str:
        parts = ((printer._print(x), bool(x.args) and not x.is_Relational) for x in expression.args)
        return f" {word} ".join(sorted(f"({text})" if nested else text for text, nested in parts))

    return written


@functools.cache
def _printer() -> Any:
    """Make SymPy's printer of text write as the blackboard does."""
    from sympy.printing.str import StrPrinter  # optional: the extra `symbolic`

    members = {
        "_print_Mul": _print_product,
        "_print_Add": _print_sum,
        "_print_Pow": _print_power,
        "_print_Function": _print_function,
        "_print_ExpBase": _print_function,
        "_print_Relational": _print_relation,
        "_print_And": _connective("and"),
        "_print_Or": _connective("or"),
        "_print_Xor": _connective("xor"),
        "_print_Not": lambda self, e: f"not {self._print(e.args[0])}",
        "_print_Abs": lambda self, e: f"|{self._print(e.args[0])}|",
        "_print_Rational": lambda self, e: f"{e.p}/{e.q}",
        "_print_Float": lambda self, e: _number(e),
        "_print_Pi": lambda self, e: "π",
        "_print_Exp1": lambda self, e: "e",
        "_print_Infinity": lambda self, e: "∞",
    }
    return type("TextPrinter", (StrPrinter,), members)()


def write_text(expression: Any) -> str:
    """Write an expression on one line.

    Args:
        expression: An expression of SymPy, or a NumPy array of them.

    Returns:
        The text; an array in square brackets.

    Example:
        >>> from sympy.abc import x, y
        >>> write_text(-2 * x**2 * (1 - y) / 3), write_text(1 / (x * y))
        ('-2 · x² · (1 - y) / 3', '1 / (x · y)')
    """
    if isinstance(expression, np.ndarray):
        return f"[{', '.join(map(write_text, expression))}]" if expression.ndim else write_text(expression[()])
    return str(_printer().doprint(expression))


def _latex_name(name: str) -> str:
    """Write a name in LaTeX: Greek letters by their names, numbers and indices below the line."""
    parts = re.fullmatch(r"(?P<stem>.*?)_?(?P<number>\d*)(?:\[(?P<index>[\d,]+)\])?", name)
    assert parts is not None
    stem, number, index = parts["stem"], parts["number"], parts["index"]
    if not stem:
        stem, number = number, ""
    if len(stem) > 1:
        stem = rf"\mathrm{{{stem.replace('_', chr(92) + '_')}}}"
    elif unicodedata.name(stem).startswith("GREEK SMALL LETTER"):
        stem = "\\" + unicodedata.name(stem).split()[-1].lower().replace("lamda", "lambda")
    stem += f"_{{{number}}}" if number else ""
    return stem if not index else f"{{{stem}}}_{{{index}}}" if number else f"{stem}_{{{index}}}"


def _latex_float(printer: Any, number: Any) -> str:
    mantissa, _, exponent = _number(number).partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _latex_product(printer: Any, expression: Any) -> str:
    sign, above, below = _split(expression)
    top = _latex_factors(printer, above, alone=bool(below))
    return rf"{sign}\frac{{{top}}}{{{_latex_factors(printer, below, alone=True)}}}" if below else sign + top


def _latex_factors(printer: Any, factors: list[Any], *, alone: bool) -> str:
    """Write factors side by side, with a dot before one that begins with a digit."""
    if alone and len(factors) <= 1:
        return printer._print(factors[0]) if factors else "1"
    parts = [printer.parenthesize(factor, _PRODUCT, strict=True) for factor in factors]
    return "".join((r" \cdot " if i and x[0].isdigit() else " " if i else "") + x for i, x in enumerate(parts))


@functools.cache
def _latex_printer() -> Any:
    """Make SymPy's printer of LaTeX order terms and factors as the text does."""
    from sympy.printing.latex import LatexPrinter  # optional: the extra `symbolic`

    members = {
        "_print_Float": _latex_float,
        "_print_Mul": _latex_product,
        "_as_ordered_terms": lambda self, expression, order=None: _ordered_terms(expression),
    }
    return type("BlackboardLatexPrinter", (LatexPrinter,), members)


def write_latex(expression: Any) -> str:
    r"""Write an expression in LaTeX.

    Args:
        expression: An expression of SymPy, or a NumPy array of them with at most two axes.

    Returns:
        The formula, without dollar signs; an array as a matrix, a vector as a column.

    Example:
        >>> from sympy import Symbol
        >>> write_latex(Symbol("θ1") * Symbol("W[0,2]") / 2)
        '\\frac{W_{0,2} \\theta_{1}}{2}'
    """
    if isinstance(expression, np.ndarray) and expression.ndim:
        if expression.ndim > 2:
            rows = ", ".join(map(write_latex, expression))
            return rf"\left[{rows}\right]"
        table = expression[:, None] if expression.ndim == 1 else expression
        body = r" \\ ".join(" & ".join(map(write_latex, row)) for row in table)
        return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"
    expression = expression[()] if isinstance(expression, np.ndarray) else expression
    names = {symbol: _latex_name(symbol.name) for symbol in expression.free_symbols}
    settings = {"symbol_names": names, "ln_notation": True, "inv_trig_style": "full"}
    return str(_latex_printer()(settings).doprint(expression))


def name_shared_parts(expressions: Iterable[Any], known: Mapping[Any, str]) -> tuple[list[Any], dict[Any, Any]]:
    """Give names to the arguments of functions that stand more than once.

    Args:
        expressions: Expressions of SymPy.
        known: The parts that have a name already.

    Returns:
        The expressions with the names in place of the parts, and the part behind every name, inner ones first.

    Example:
        >>> from sympy.abc import x, y
        >>> import sympy
        >>> name_shared_parts([sympy.sin(x * y) * sympy.cos(x * y)], {})
        ([sin(z)*cos(z)], {z: x*y})
    """
    sympy = load_sympy()
    texts, parts = list(expressions), dict[Any, Any]()
    found = {argument for text in texts for argument in _arguments(text)}
    taken = {symbol.name for text in texts for symbol in text.free_symbols}
    for part in sorted(found, key=lambda x: (x.count_ops(), sympy.default_sort_key(x)), reverse=True):
        standing = (x for text in (*texts, *parts.values()) for x in sympy.preorder_traversal(text))
        if sum(x == part for x in standing) > 1:
            name = sympy.Dummy(known.get(part, ""))
            texts = [text.xreplace({part: name}) for text in texts]
            parts = {other: text.xreplace({part: name}) for other, text in parts.items()} | {name: part}
    nameless = [name for name in reversed(parts) if not name.name]
    fresh = (f"z{i}" if len(nameless) > 1 else "z" * (i + 1) for i in itertools.count(len(nameless) > 1))
    free = (name for name in fresh if name not in taken)
    final = {name: sympy.Symbol(name.name or next(free)) for name in reversed(parts)}
    return [text.xreplace(final) for text in texts], {final[n]: parts[n].xreplace(final) for n in reversed(parts)}


def _arguments(expression: Any) -> list[Any]:
    """List what functions and comparisons are applied to, as often as it stands there, names and numbers left out."""
    sympy = load_sympy()
    applied = (each for each in sympy.preorder_traversal(expression) if each.is_Function or each.is_Relational)
    return [x for each in applied for x in each.args if x.args and not (x.is_Boolean or x.is_Relational)]
