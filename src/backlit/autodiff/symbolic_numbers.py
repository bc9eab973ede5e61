"""Numbers out of formulas: an expression evaluated at a point, with ``DIGITS`` digits on the way to a float64.

Every part is computed once, however often it stands in the formula, and only the branch of a choice that is taken.
So many digits, and exponents without bound, mean that nothing overflows or cancels: what comes out is the value of the
formula, rounded once. Where a formula has no value, because it divides by zero or leaves the real numbers, it is NaN.
"""

from collections.abc import Mapping
from typing import Any

from backlit.autodiff.symbolic_functions import DIGITS, compare, vocabulary

__all__ = ["evaluate_expression"]


def evaluate_expression(expression: Any, point: Mapping[Any, Any]) -> float:
    """Compute an expression at a point.

    Args:
        expression: An expression of SymPy.
        point: A number or truth value for each of its symbols.

    Returns:
        The value, NaN where there is none; of a condition 1 where it holds, else 0.

    Example:
        >>> from sympy.abc import x
        >>> evaluate_expression((1 - x) ** 2 / x, {x: 3.0}), evaluate_expression(1 / x, {x: 0.0})
        (1.3333333333333333, nan)
    """
    done = {symbol: _wide(value) for symbol, value in point.items()}
    value = _compute(expression, done)
    return float(value == vocabulary().sympy.true) if _is_truth(value) else float(value)


def _is_truth(value: Any) -> bool:
    return value in (vocabulary().sympy.true, vocabulary().sympy.false)


def _wide(value: Any) -> Any:
    """Turn a number into one of many digits, and a truth value into SymPy's."""
    sympy = vocabulary().sympy
    number = sympy.sympify(value.item() if hasattr(value, "item") else value)
    return number if _is_truth(number) or number.is_infinite else sympy.Float(number, DIGITS)


def _compute(expression: Any, done: dict[Any, Any]) -> Any:
    if expression not in done:
        done[expression] = _real_or_nothing(_value(expression, done))
    return done[expression]


def _value(expression: Any, done: dict[Any, Any]) -> Any:
    v = vocabulary()
    if not expression.args:
        return _wide(expression) if expression.is_Number or expression.is_NumberSymbol else expression
    if expression.is_Relational:
        relation = next(name for name in _RELATIONS if isinstance(expression, getattr(v.sympy, name)))
        return compare(relation, *(_compute(x, done) for x in expression.args))
    if isinstance(expression, v.choose):
        condition, x, y = expression.args
        return _compute(x if _compute(condition, done) == v.sympy.true else y, done)
    if expression.is_Pow and expression.exp.is_Rational:
        return v.sympy.Pow(_compute(expression.base, done), expression.exp)
    return expression.func(*[_compute(x, done) for x in expression.args])


_RELATIONS = ("Gt", "Ge", "Lt", "Le", "Eq", "Ne")


def _real_or_nothing(value: Any) -> Any:
    """Replace what is no real number by NaN at once: a later step could make it look like one again."""
    return value if _is_truth(value) or (value.is_number and value.is_extended_real) else vocabulary().sympy.nan
