"""Simplification of derivatives: a fixed list of rules, each of which ends soon, whatever it is given.

A derivative as the rules of differentiation leave it says everything several times. SymPy's own ``simplify`` finds
shorter forms by trying, and may try for hours. Here what is tried is stated: 1/(1 + e^-u) is read as the sigmoid,
common factors are taken out, powers are joined, and what is a fraction of polynomials in its functions is reduced and
factored, where both polynomials stay below ``MOST_TERMS`` terms written out and ``HIGHEST_DEGREE``. The shortest form
wins; of equally short ones the one closest to what was derived.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

from backlit.autodiff.symbolic_functions import vocabulary

__all__ = ["HIGHEST_DEGREE", "MOST_TERMS", "count_operations", "shorten"]

MOST_TERMS = 60
"""Polynomials of more terms, written out, are not factored."""

HIGHEST_DEGREE = 8
"""Nor are those of a higher degree."""


def count_operations(expression: Any) -> int:
    """Count the operations of an expression as it is written: ``sympy.count_ops``.

    Args:
        expression: An expression of SymPy.

    Returns:
        The number of operations; shared parts count wherever they stand.

    Example:
        >>> from sympy.abc import x, y
        >>> count_operations(x * y - y**2)
        3
    """
    return int(vocabulary().sympy.count_ops(expression))


def _length(expression: Any) -> int:
    """Count operations, but no changes of sign, so that -(1 - x) is no longer than x - 1."""
    sympy = vocabulary().sympy
    counted = sympy.count_ops(expression, visual=True)
    return count_operations(expression) - int(counted.coeff(sympy.Symbol("NEG"))) if counted else 0


def _rebuild(expression: Any, change: Callable[[Any], Any], done: dict[Any, Any]) -> Any:
    """Change an expression from the inside out; what stands in it several times is changed once."""
    if not expression.args or expression.is_Boolean or expression.is_Relational:
        return expression
    if expression not in done:
        arguments = [_rebuild(argument, change, done) for argument in expression.args]
        same = all(new is old for new, old in zip(arguments, expression.args, strict=True))
        done[expression] = change(expression if same else expression.func(*arguments))
    return done[expression]


# -------------------------------------------------------------------------------------------------------- the sigmoid


def _read_sigmoid(expression: Any) -> Any:
    """Read 1/(1 + e^-u) as σ(u), and what e^u there is beside it as σ(u) / (1 - σ(u))."""
    if expression.is_Pow:
        return _read_power(expression)
    return _read_product(expression) if expression.is_Mul else expression


def _read_power(power: Any) -> Any:
    """Read a power of 1 + e^u, below the line, as a power of the sigmoid."""
    v = vocabulary()
    base, exponent = power.base, power.exp
    if not (base.is_Add and len(base.args) == 2 and exponent.is_Integer and exponent < 0):
        return power
    one, other = base.as_two_terms()
    if one != 1 or not isinstance(other, v.sympy.exp):
        return power
    u = -other.args[0]
    return v.sigmoid(u) ** -exponent if not u.could_extract_minus_sign() else (1 - v.sigmoid(-u)) ** -exponent


def _read_product(product: Any) -> Any:
    """Turn e^u in a product with powers of σ(u) and 1 - σ(u) into such powers."""
    v = vocabulary()
    exponent, powers, rest = v.sympy.S.Zero, dict[Any, list[int]](), []
    for factor in product.args:
        base, power = factor.as_base_exp()
        whole = power.is_Integer and power > 0
        if isinstance(factor, v.sympy.exp):
            exponent += factor.args[0]
        elif whole and isinstance(base, v.sigmoid):
            powers.setdefault(base.args[0], [0, 0])[0] += int(power)
        elif whole and isinstance(1 - base, v.sigmoid):
            powers.setdefault((1 - base).args[0], [0, 0])[1] += int(power)
        else:
            rest.append(factor)
    if exponent == 0 or not powers:
        return product
    for u, both in powers.items():
        times = _multiple(exponent, u)
        if both[0] + times >= 0 and both[1] - times >= 0:
            exponent, both[:] = exponent - times * u, [both[0] + times, both[1] - times]
    read = [v.sigmoid(u) ** a * (1 - v.sigmoid(u)) ** b for u, (a, b) in powers.items()]
    return v.sympy.Mul(*rest, v.sympy.exp(exponent), *read)


def _multiple(exponent: Any, u: Any) -> int:
    """Return how many times u is part of an exponent, as a whole number."""
    have, want = exponent.as_coefficients_dict(), u.as_coefficients_dict()
    ratios = {have.get(term, 0) / coefficient for term, coefficient in want.items()}
    ratio = ratios.pop()
    return int(ratio) if not ratios and ratio == int(ratio) else 0


# --------------------------------------------------------------------------------------------- fractions of polynomials


class _Hidden:
    """Names in place of everything that is no polynomial, so that e^(a + b) is a product of two names."""

    def __init__(self) -> None:
        self.names: dict[Any, Any] = {}

    def name(self, expression: Any) -> Any:
        sympy = vocabulary().sympy
        return self.names.setdefault(expression, sympy.Dummy(real=True))

    def hide(self, expression: Any) -> Any:
        sympy = vocabulary().sympy
        if expression.is_Symbol or expression.is_Rational:
            return expression
        if expression.is_Add or expression.is_Mul:
            return expression.func(*map(self.hide, expression.args))
        if expression.is_Pow and expression.exp.is_Integer:
            return self.hide(expression.base) ** expression.exp
        if isinstance(expression, sympy.exp):
            terms = expression.args[0].as_coefficients_dict().items()
            return sympy.Mul(*[self._exponential(term, coefficient) for term, coefficient in terms])
        return self.name(expression)

    def _exponential(self, term: Any, coefficient: Any) -> Any:
        sympy = vocabulary().sympy
        if coefficient.is_Integer:
            return self.name(sympy.exp(term)) ** coefficient
        return self.name(sympy.exp(abs(coefficient) * term)) ** sympy.sign(coefficient)

    def show(self, expression: Any) -> Any:
        return expression.xreplace({name: hidden for hidden, name in self.names.items()})


def _size_of_polynomial(expression: Any) -> tuple[int, int]:
    """Bound the number of terms and the degree of a polynomial when it is written out."""
    if expression.is_Add or expression.is_Mul:
        parts = [_size_of_polynomial(part) for part in expression.args]
        terms, degrees = [t for t, _ in parts], [d for _, d in parts]
        return (sum(terms), max(degrees)) if expression.is_Add else (math.prod(terms), sum(degrees))
    if expression.is_Pow and expression.exp.is_Integer and expression.exp > 0:
        count, degree = _size_of_polynomial(expression.base)
        power = int(expression.exp)
        return (math.comb(count + power - 1, power) if count + power < 100 else MOST_TERMS + 1, degree * power)
    return 1, int(not expression.is_number)


def _factored(expression: Any) -> Any:
    """Reduce and factor a fraction of polynomials that is small enough, or give it back."""
    sympy = vocabulary().sympy
    hidden = _Hidden()
    named = hidden.hide(expression)
    below = {power.base for power in named.atoms(sympy.Pow) if power.exp.is_negative}
    if len(below) > HIGHEST_DEGREE:
        return expression  # each of them is a factor of the common denominator
    fraction = sympy.together(named)
    for part in sympy.fraction(fraction):
        terms, degree = _size_of_polynomial(part)
        if terms > MOST_TERMS or degree > HIGHEST_DEGREE:
            return expression
    return hidden.show(sympy.factor(fraction))


def _joined(expression: Any) -> Any:
    """Write x^y / x as x^(y - 1), which has a value at 0 too."""
    sympy = vocabulary().sympy
    bent = any(power.exp.free_symbols for power in expression.atoms(sympy.Pow))
    return sympy.powsimp(expression, deep=True, combine="exp") if bent else expression


def _forms(expression: Any) -> Iterator[Any]:
    """Give the forms among which the shortest is chosen, the closest to what was derived first."""
    sympy = vocabulary().sympy
    yield expression
    yield sympy.factor_terms(expression)
    yield _factored(expression)


def shorten(expression: Any, *, search: bool = True) -> Any:
    """Shorten a derivative by a fixed list of rules.

    Args:
        expression: An expression of SymPy.
        search: Whether to look for shorter forms, or only to read sigmoids.

    Returns:
        An equal expression with at most as many operations.

    Example:
        >>> import sympy
        >>> x = sympy.Symbol("x", real=True)
        >>> shorten((1 / (1 + sympy.exp(-3 * x))).diff(x))
        3*(1 - σ(3*x))*σ(3*x)
    """
    plain = expression.replace(vocabulary().fixed, lambda u: u)
    plain = _joined(plain) if search else plain
    read = _rebuild(plain, _read_sigmoid, {})
    start = read if _length(read) <= _length(plain) else plain
    return min(_forms(start), key=_length) if search else start
