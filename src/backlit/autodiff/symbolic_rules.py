"""The SymPy rules: how each op of a graph reads as a closed form, one line an op.

A value is a NumPy array of expressions, of the shape of its node: what an op moves, NumPy moves; what an op computes
element by element, a function of SymPy computes element by element. Booleans are SymPy's booleans, and become numbers
as brackets: [x > 0]. A rule takes the node, for its attributes and data types, and the arrays of its arguments.
"""

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from backlit.autodiff.symbolic_functions import compare, vocabulary
from backlit.errors import DifferentiationError, IndexRangeError
from backlit.graph.node import Application, Array
from backlit.graph.spec import is_floating, kind_of
from backlit.graph.subgradients import current_subgradients

__all__ = ["SYMPY_RULES", "Rule", "by_element", "exact_number"]

Rule = Callable[..., Array]
"""``(node, *arrays of the arguments) -> array of the value``."""

_LARGEST_DENOMINATOR = 1024
_LARGEST_EXACT = 2**53


def exact_number(value: Any) -> Any:
    """Turn a number into SymPy's: a whole number or a simple fraction exactly, any other float with all its bits.

    Args:
        value: A boolean, integer or float, also NumPy's.

    Returns:
        The number.

    Example:
        >>> exact_number(2.0), exact_number(0.375), exact_number(True)
        (2, 3/8, True)
    """
    sympy = vocabulary().sympy
    if isinstance(value, (bool, np.bool_)):
        return sympy.true if value else sympy.false
    if isinstance(value, (int, np.integer)):
        return sympy.Integer(int(value))
    number = float(value)
    if abs(number) < _LARGEST_EXACT and (number * _LARGEST_DENOMINATOR).is_integer():
        return sympy.Rational(int(number * _LARGEST_DENOMINATOR), _LARGEST_DENOMINATOR)
    return sympy.Float(number)


def by_element(function: Callable[..., Any], *arrays: Array) -> Array:
    """Apply a function to every element of arrays that broadcast.

    Args:
        function: It takes an element of each array and returns an expression.
        *arrays: The arrays.

    Returns:
        An array of expressions.

    Example:
        >>> by_element(exact_number, np.array([0.5, 2.0]))
        array([1/2, 2], dtype=object)
    """
    with np.errstate(all="ignore"):  # NaN and infinity are numbers like any other
        return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), dtype=object)


def _each(function: Callable[..., Any]) -> Rule:
    """Apply ``(vocabulary, *elements)`` element by element."""
    return lambda node, *arrays: by_element(functools.partial(function, vocabulary()), *arrays)


def _named(name: str) -> Rule:
    """Apply a function of one argument, of the vocabulary or of SymPy, by its name."""
    return _each(lambda v, x: (getattr(v, name, None) or getattr(v.sympy, name))(x))


def _moved(function: Callable[..., Array]) -> Rule:
    """Move elements by a function of NumPy."""
    return lambda node, *arrays: function(*arrays, **node.attributes)


def _numbers(array: Array, dtype: str) -> Array:
    """Turn booleans into brackets, and leave numbers."""
    return by_element(vocabulary().bracket, array) if dtype == "bool" else array


def _relation(name: str) -> Rule:
    def rule(node: Application, *arrays: Array) -> Array:
        sides = (_numbers(array, argument.dtype) for array, argument in zip(arrays, node.arguments, strict=True))
        return by_element(functools.partial(compare, name), *sides)

    return rule


def _along(x: Array, axes: Sequence[int], function: Callable[..., Any]) -> Array:
    """Combine the elements along axes by a function of all of them."""
    reduced = sorted(axis % x.ndim for axis in axes)
    kept = [axis for axis in range(x.ndim) if axis not in reduced]
    shape = tuple(x.shape[axis] for axis in kept)
    rows = x.transpose(*kept, *reduced).reshape(*shape, math.prod(x.shape[axis] for axis in reduced))
    result = np.empty(shape, dtype=object)
    for place in np.ndindex(*shape):
        result[place] = function(*rows[place])
    return result


def _total(x: Array, axes: Sequence[int]) -> Array:
    return _along(x, axes, vocabulary().sympy.Add)


def _extreme(word: str, connective: str) -> Rule:
    """Take the largest or smallest along axes; of booleans whether any or all are true."""

    def rule(node: Application, x: Array) -> Array:
        v, shared = vocabulary(), int(current_subgradients().max == "shared")
        if node.dtype == "bool":
            return _along(x, node.attributes["axes"], getattr(v.sympy, connective))
        function = getattr(v, word)
        return _along(x, node.attributes["axes"], lambda *u: function(shared, *u) if len(u) > 1 else u[0])

    return rule


def _place(word: str) -> Rule:
    return lambda node, x: _along(
        _numbers(x, node.arguments[0].dtype), (node.attributes["axis"],), getattr(vocabulary(), word)
    )


def _cumulative_sum(x: Array, *, axis: int) -> Array:
    running = [_total(np.take(x, range(stop), axis=axis), (axis,)) for stop in range(1, x.shape[axis] + 1)]
    return np.stack(running, axis=axis) if running else x


def _pow(v: SimpleNamespace, x: Any, y: Any) -> Any:
    """Raise to a power; where SymPy finds |x| in the root of a square, with the slope of our own |x| at 0."""
    result = v.sympy.Pow(x, y)
    found = result.atoms(v.sympy.Abs)
    return result.xreplace({each: v.absolute(each.args[0], _slope("abs")) for each in found}) if found else result


def _slope(kink: str) -> Any:
    return exact_number(float(getattr(current_subgradients(), kink)))


def _matmul(node: Application, x: Array, y: Array) -> Array:
    return _total(x[..., :, :, None] * y[..., None, :, :], (max(x.ndim, y.ndim) - 1,))


def _cast(node: Application, x: Array) -> Array:
    """Change the kind: a boolean becomes a bracket, a float loses what follows the point to become an integer."""
    source, target = (kind_of(dtype) for dtype in (node.arguments[0].dtype, node.dtype))
    if target == "bool" and source != "bool":
        return by_element(lambda u: compare("Ne", u, 0), x)
    if target == "integer" and source == "float":
        return by_element(vocabulary().truncate, x)
    return x if target == source or source != "bool" else _numbers(x, "bool")


def _where(node: Application, condition: Array, x: Array, y: Array) -> Array:
    choose = vocabulary().sympy.ITE if node.dtype == "bool" else vocabulary().choose
    return by_element(choose, condition, x, y)


def _picked(index: Any, parts: Array, node: Application) -> Any:
    """Take one of several parts: by a number the part itself, by a formula Σ [index = i] · part."""
    v, size = vocabulary(), len(parts)
    if index.is_number:
        _check_range(index, size, node)
        return parts[int(index)]
    masks = [compare("Eq", index, i) for i in range(size)]
    if node.dtype == "bool":
        chosen = (by_element(v.sympy.And, part, mask) for part, mask in zip(parts, masks, strict=True))
        return _along(_stacked(chosen), (0,), v.sympy.Or)
    return _total(_stacked(part * v.bracket(mask) for part, mask in zip(parts, masks, strict=True)), (0,))


def _stacked(parts: Iterable[Any]) -> Array:
    return np.stack([np.asarray(part, dtype=object) for part in parts])


def _check_range(index: Any, size: int, node: Application) -> None:
    if not 0 <= index < size:
        raise IndexRangeError(
            f"{node.op.name}: the index {index} is out of range", why=f"the places are numbered from 0 to {size - 1}"
        )


def _take(node: Application, x: Array, indices: Array) -> Array:
    axis = node.attributes["axis"]
    parts = np.moveaxis(x, axis, 0)
    result = np.empty((*indices.shape, *parts.shape[1:]), dtype=object)
    for place in np.ndindex(*indices.shape):
        result[place] = np.asarray(_picked(indices[place], parts, node), dtype=object)[()]
    return np.moveaxis(result, range(indices.ndim), range(axis, axis + indices.ndim))


def _scatter_add(node: Application, updates: Array, indices: Array) -> Array:
    axis, size, v = node.attributes["axis"], node.attributes["size"], vocabulary()
    rows = np.moveaxis(_numbers(updates, node.dtype), range(axis, axis + indices.ndim), range(indices.ndim))
    result = np.full((size, *rows.shape[indices.ndim :]), v.sympy.S.Zero, dtype=object)
    for place in np.ndindex(*indices.shape):
        index: Any = indices[place]
        if index.is_number:
            _check_range(index, size, node)
        for i in range(size):
            result[i] = result[i] + rows[place] * v.holds("Eq", index, i)
    if node.dtype == "bool":
        result = by_element(lambda x: compare("Ne", x, 0), result)
    return np.moveaxis(result, 0, axis)


def _one_hot(node: Application, labels: Array) -> Array:
    classes, target = node.attributes["classes"], node.dtype
    for label in labels.flat:
        if label.is_number:
            _check_range(label, classes, node)
    masks = by_element(functools.partial(compare, "Eq"), labels[..., None], np.arange(classes).astype(object))
    return masks if target == "bool" else _numbers(masks, "bool")


def _pad(node: Application, x: Array) -> Array:
    low, high, interior = (node.attributes[name] for name in ("low", "high", "interior"))
    spans = [n + max(n - 1, 0) * gap for n, gap in zip(x.shape, interior, strict=True)]
    ground = exact_number(node.dtype != "bool" and 0)
    result = np.full([a + span + b for a, span, b in zip(low, spans, high, strict=True)], ground, dtype=object)
    places: tuple[Any, ...] = tuple(
        slice(a, a + span, gap + 1) for a, span, gap in zip(low, spans, interior, strict=True)
    )
    result[*places, ...] = x  # the dots keep the array of a single number from becoming an element itself
    return result


def _random_bits(node: Application, *arrays: Array) -> Array:
    raise DifferentiationError(
        f"{node!r} has no closed form",
        why="random bits are drawn by a generator, not computed by a formula",
        instead="make the draw an input of the graph; or, where it is dropout, build the graph outside bl.training()",
        line=node.line,
    )


SYMPY_RULES: Mapping[str, Rule] = {
    "abs": _each(lambda v, x: v.absolute(x, _slope("abs"))),
    "acos": _named("acos"),
    "add": _each(lambda v, x, y: x + y),
    "argmax": _place("argmax"),
    "argmin": _place("argmin"),
    "asin": _named("asin"),
    "atan": _named("atan"),
    "broadcast_to": _moved(lambda x, *, shape: np.broadcast_to(x, shape)),
    "cast": _cast,
    "ceil": _named("ceil"),
    "clip": _each(lambda v, x, low, high: v.clip(x, low, high, _slope("clip"))),
    "concat": _moved(lambda *values, axis: np.concatenate(values, axis=axis)),
    "cos": _named("cos"),
    "cosh": _named("cosh"),
    "cumulative_sum": _moved(_cumulative_sum),
    "divide": _each(lambda v, x, y: x / y),
    "equal": _relation("Eq"),
    "erf": _named("erf"),
    "exp": _named("exp"),
    "expm1": _each(lambda v, x: v.sympy.exp(x) - 1),
    "flip": _moved(lambda x, *, axes: np.flip(x, axes)),
    "floor": _named("floor"),
    "greater": _relation("Gt"),
    "greater_equal": _relation("Ge"),
    "isfinite": _each(lambda v, x: v.sympy.sympify(x.is_finite is not False and x != v.sympy.nan)),
    "isnan": _each(lambda v, x: v.sympy.sympify(x == v.sympy.nan)),
    "less": _relation("Lt"),
    "less_equal": _relation("Le"),
    "log": _named("log"),
    "log1p": _each(lambda v, x: v.sympy.log(1 + x)),
    "logaddexp": _each(lambda v, x, y: v.sympy.log(v.sympy.exp(x) + v.sympy.exp(y))),
    "logical_and": _each(lambda v, x, y: v.sympy.And(x, y)),
    "logical_not": _each(lambda v, x: v.sympy.Not(x)),
    "logical_or": _each(lambda v, x, y: v.sympy.Or(x, y)),
    "logical_xor": _each(lambda v, x, y: v.sympy.Xor(x, y)),
    "matmul": _matmul,
    "max": _extreme("largest", "Or"),
    "maximum": _each(lambda v, x, y: v.maximum(x, y, _slope("maximum"))),
    "min": _extreme("smallest", "And"),
    "minimum": _each(lambda v, x, y: v.minimum(x, y, _slope("maximum"))),
    "multiply": _each(lambda v, x, y: x * y),
    "negative": _each(lambda v, x: -x),
    "not_equal": _relation("Ne"),
    "one_hot": _one_hot,
    "pad": _pad,
    "permute_dims": _moved(lambda x, *, axes: x.transpose(axes)),
    "pow": _each(_pow),
    "random_bits": _random_bits,
    "relu": _each(lambda v, x: v.relu(x, _slope("relu"))),
    "reshape": _moved(lambda x, *, shape: x.reshape(shape)),
    "round": _named("round"),
    "scatter_add": _scatter_add,
    "sigmoid": _named("sigmoid"),
    "sign": _named("sign"),
    "sin": _named("sin"),
    "sinh": _named("sinh"),
    "slice": _moved(lambda x, *, starts, stops, steps: x[tuple(map(slice, starts, stops, steps))]),
    "sqrt": _each(lambda v, x: _pow(v, x, v.sympy.Rational(1, 2))),
    "stop_gradient": lambda node, x: _named("fixed")(node, x) if is_floating(node.dtype) else x,
    "subtract": _each(lambda v, x, y: x - y),
    "sum": _moved(_total),
    "take": _take,
    "tan": _named("tan"),
    "tanh": _named("tanh"),
    "where": _where,
}
"""How each op reads as a closed form, by its name."""
