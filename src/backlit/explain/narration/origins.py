"""Origins: how a value arose from the values before it.

An op that works element by element is told by its formula, with names and with numbers; a sum by its summands, the
largest first; what was moved or picked by the element it came from. Which elements these are is asked of the op itself:
a unit gradient at the value, pulled back, is not zero at just the elements that had a part in it.
"""

import math

import numpy as np

from backlit.autodiff.reverse import Edge, contribution
from backlit.explain.naming import Element
from backlit.explain.narration.explanation import Origin, Term
from backlit.explain.narration.formulas import broadcast_element, number_formula, value_formula
from backlit.explain.narration.phrases import Way, fill, phrase_of
from backlit.explain.numerals import format_number
from backlit.explain.recording import Recording
from backlit.graph.leaves import constant
from backlit.graph.node import Application
from backlit.graph.spec import is_floating

__all__ = ["origin_of"]

_MOST_TERMS = 8
_FEW_TERMS = 4
"""Up to this many terms all are listed, those of 0 included."""


def origin_of(run: Recording, node: Application, element: Element | None) -> Origin:
    """Tell how a value arose.

    Args:
        run: The run.
        node: The node.
        element: The element; None for all of an array.

    Returns:
        What there is to say.

    Example:
        >>> import backlit as bl
        >>> x, w = bl.input("x", shape=(1, 2)), bl.parameter([[3.0], [4.0]], name="w")
        >>> z = (x @ w).named("z")
        >>> origin = origin_of(bl.trace(z[0, 0], {"x": [[1.0, 2.0]]}), z, (0, 0))
        >>> [f"{term.formula} = {term.numbers} = {term.value:g}" for term in origin.terms]
        ['x[0,1] · w[1,0] = 2 · 4 = 8', 'x[0,0] · w[0,0] = 1 · 3 = 3']
    """
    way = phrase_of(node).way
    formula = value_formula(run, node, element if way is Way.EACH else None)
    if element is not None and way is Way.EACH:
        return Origin(formula, number_formula(run, node, element), (), 0, 0.0)
    if element is None or way is Way.WHOLE or not is_floating(node.dtype):
        return Origin(formula, "", (), 0, 0.0)
    with run.choosing():
        terms = _products(run, node, element) if node.op.name == "matmul" else _parts(run, node, element)
    if way is not Way.SUM:
        return Origin(formula, "", tuple(terms), 0, 0.0)
    ordered = sorted(terms, key=lambda term: -abs(term.value) if term.value == term.value else -math.inf)
    moving = [term for term in ordered if term.value != 0.0]
    listed = moving[:_MOST_TERMS] if len(ordered) > _FEW_TERMS else ordered
    rest = ordered[len(listed) :]
    return Origin(formula, "", tuple(listed), len(rest), sum(term.value for term in rest))


def _products(run: Recording, node: Application, element: Element) -> list[Term]:
    """List the products that an element of a matrix product is the sum of."""
    left, right = node.arguments
    row = (*broadcast_element(left.shape[:-2], element[:-2]), element[-2])
    column = element[-1]
    batch = broadcast_element(right.shape[:-2], element[:-2])
    rows, columns = run.whole(left)[row], run.whole(right)[batch][:, column]
    terms = []
    for inner, (x, y) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        names = [run.name(left, (*row, inner)), run.name(right, (*batch, inner, column))]
        terms.append(Term(fill("{x} · {y}", names), fill("{x} · {y}", [format_number(x), format_number(y)]), x * y))
    return terms


def _parts(run: Recording, node: Application, element: Element) -> list[Term]:
    """List the elements from which an element was moved, picked or summed."""
    unit = np.zeros(node.shape, dtype=node.dtype)
    unit[element] = 1
    terms = []
    for position, argument in enumerate(node.arguments):
        back = contribution(Edge(node, position), constant(unit, dtype=node.dtype))
        if back is None:
            continue
        shares, values = run.compute(back)[0], run.whole(argument)
        for place in np.argwhere(shares != 0):
            where = tuple(int(i) for i in place)
            share, value = float(shares[where]), float(values[where])
            if share == 1.0:
                terms.append(Term(run.name(argument, where), format_number(value), value))
            else:
                names, numbers = [format_number(share), run.name(argument, where)], [share, value]
                filled = fill("{x} · {y}", [format_number(number) for number in numbers])
                terms.append(Term(fill("{x} · {y}", names), filled, share * value))
    return terms
