"""Symbolic differentiation: a graph written out as one formula, and SymPy's derivative of that formula.

It is the second of the four ways of differentiating, and shares no rule with the other three: SymPy differentiates the
closed form, where they walk the graph. What it gives can be read, in text and in LaTeX, and evaluated without any error
but the last rounding. What it costs is expression swell: a formula has no names for its parts, so that what a graph
computes once is written wherever it is used (Griewank and Walther, *Evaluating Derivatives*, 2008). Both sizes of a
derivative, as derived and simplified, are therefore part of the answer, and formulas beyond ``LONGEST_FORM`` are
refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from backlit.autodiff.numerical import values_by_leaf
from backlit.autodiff.symbolic_forms import LONGEST_FORM, Place, too_deep, too_long, tree_size, write_out
from backlit.autodiff.symbolic_functions import load_sympy
from backlit.autodiff.symbolic_numbers import evaluate_expression
from backlit.autodiff.symbolic_simplify import count_operations, shorten
from backlit.autodiff.symbolic_text import name_shared_parts, write_latex, write_text
from backlit.errors import (
    ArgumentError,
    BindingError,
    DisconnectedError,
    DTypeError,
    NotScalarError,
    user_line,
)
from backlit.graph.graph import topological_order
from backlit.graph.leaves import Input, Parameter
from backlit.graph.node import Array, Node
from backlit.graph.spec import is_floating

__all__ = ["LARGEST_SOURCE", "LONGEST_SEARCHED", "SymbolicDerivative", "symbolic_derivative"]

LARGEST_SOURCE = 100
"""Of how many elements a source may be made."""

LONGEST_SEARCHED = 1000
"""Up to how many operations, of all elements together, shorter forms of a derivative are looked for."""

_LONGEST_TOLD = 400
"""Up to how many operations shared parts are looked for when a derivative is printed."""


@dataclass(frozen=True, eq=False, repr=False)
class SymbolicDerivative:
    """A derivative as a formula; made by ``symbolic_derivative``.

    Args:
        loss: What was differentiated.
        source: With respect to what.
        expression: The derivative as SymPy's rules give it; for an array a NumPy array of expressions.
        simplified: The same, shortened.
        raw_size: The number of operations as derived.
        size: The number of operations after simplification.
        places: Which element of which leaf each symbol stands for.
        names: The names that nodes of the graph give to parts of the formula.

    Example:
        >>> import backlit as bl
        >>> x, θ = bl.input("x"), bl.parameter(3.0, name="θ")
        >>> derivative = symbolic_derivative((θ * x + θ * θ * x * x).named("L"), θ)
        >>> print(derivative)
        ∂L/∂θ = 2 · θ · x² + x
          4 operations
        >>> derivative.evaluate({"x": -2.0})
        22.0
    """

    loss: Node
    source: Node
    expression: Any
    simplified: Any
    raw_size: int
    size: int
    places: Mapping[Any, Place]
    names: Mapping[Any, str]

    @property
    def text(self) -> str:
        """The derivative on one line."""
        return write_text(self.simplified)

    @property
    def latex(self) -> str:
        """The derivative in LaTeX."""
        return write_latex(self.simplified)

    def evaluate(self, values: Mapping[Any, npt.ArrayLike] | None = None) -> Any:
        """Compute the derivative, with ``DIGITS`` digits on the way.

        Args:
            values: A value for every input that stands in it, by node or by name; parameters have their own unless
                one is given.

        Returns:
            A float, or an array of float64 of the source's shape; NaN where the formula has no value.

        Raises:
            BindingError: If an input is missing, or a value fits no leaf.
        """
        given = self._by_leaf(values or {})
        elements = np.asarray(self.simplified, dtype=object)
        point = {symbol: self._value_of(symbol, given) for each in elements.flat for symbol in each.free_symbols}
        result = np.empty(elements.shape, dtype=np.float64)
        for place in np.ndindex(*elements.shape):
            result[place] = evaluate_expression(elements[place], point)
        return result if result.ndim else float(result)

    def _by_leaf(self, values: Mapping[Any, npt.ArrayLike]) -> dict[Node, Array]:
        leaves = [node for node in topological_order([self.loss]) if isinstance(node, (Input, Parameter))]
        given = {leaf: np.asarray(value) for leaf, value in values_by_leaf(leaves, values).items()}
        for leaf, array in given.items():
            if array.shape != leaf.shape:
                raise BindingError(f"{leaf!r} received a value of shape {list(array.shape)}")
        return given

    def _value_of(self, symbol: Any, given: Mapping[Node, Array]) -> Any:
        leaf, place = self.places[symbol]
        if leaf in given:
            return given[leaf][place]
        if isinstance(leaf, Parameter):
            return leaf.value[place]
        raise BindingError(
            f"no value was given for {leaf!r}", instead=f'write evaluate({{"{leaf.name}": ...}}) with a value for each'
        )

    def __str__(self) -> str:
        elements = np.asarray(self.simplified, dtype=object)
        texts, parts = list(elements.flat), dict[Any, Any]()
        if self.size <= _LONGEST_TOLD:
            texts, parts = name_shared_parts(texts, self.names)
        name = self.loss.name or "L"
        below = {place: symbol.name for symbol, (leaf, place) in self.places.items() if leaf is self.source}
        places = np.ndindex(*elements.shape)
        lines = [f"∂{name}/∂{below[place]} = {write_text(text)}" for place, text in zip(places, texts, strict=True)]
        lines += [f"  where {write_text(symbol)} = {write_text(part)}" for symbol, part in parts.items()]
        before = f", {self.raw_size:,} as derived" if self.raw_size != self.size else ""
        return "\n".join([*lines, f"  {self.size:,} operation{'s' * (self.size != 1)}{before}"])

    def __repr__(self) -> str:
        return f"<symbolic derivative of {self.loss!r} with respect to {self.source!r}: {self.size:,} operations>"


def _check(loss: Node, source: Node) -> None:
    if not isinstance(loss, Node) or not isinstance(source, Node):
        wrong = source if isinstance(loss, Node) else loss
        raise DTypeError(f"a derivative is taken of a node, with respect to a node; received {wrong!r}")
    if loss.shape != ():
        raise NotScalarError(
            f"the derivative of {loss!r} was asked for, which is not a single number",
            instead="add it up with bl.sum(...) or bl.mean(...), or take one of its elements",
            line=user_line(),
        )
    for node in (loss, source):
        if not is_floating(node.dtype):
            raise DTypeError(f"{node!r} has no slope", why="only floats can change by a small amount", line=user_line())
    if not isinstance(source, (Input, Parameter)):
        raise ArgumentError(
            f"a symbolic derivative is taken with respect to an input or a parameter; received {source!r}",
            why="only they are symbols in the formula; everything else is written out",
            instead="make it an input of a graph of its own, or ask bl.grad",
            line=user_line(),
        )
    if source.size > LARGEST_SOURCE:
        raise ArgumentError(
            f"{source!r} has {source.size:,} elements, more than the {LARGEST_SOURCE} of which formulas are written",
            why="each element has a formula of its own",
            instead="differentiate symbolically on a smaller layer of the same kind; bl.grad takes any size",
            line=user_line(),
        )
    if source not in topological_order([loss]):
        named = [repr(node.name) if node.name else repr(node) for node in (loss, source)]
        raise DisconnectedError(
            f"{named[0]} does not depend on {named[1]}",
            why="no path leads from it to the output, so its gradient is zero everywhere",
            instead="leave it out, or check that the graph was built from this very node",
            line=user_line(),
        )


def symbolic_derivative(loss: Node, source: Node, *, simplify: bool = True) -> SymbolicDerivative:
    """Differentiate as one does on paper: write the loss out as a formula and let SymPy apply the rules to it.

    Simplification is a fixed list of rules that always ends soon (``backlit.autodiff.symbolic_simplify``). Beyond
    ``LONGEST_SEARCHED`` operations it only reads 1/(1 + e^-u) as σ(u).

    Args:
        loss: A float of shape ().
        source: An input or parameter, of at most ``LARGEST_SOURCE`` elements.
        simplify: Whether to shorten the derivative.

    Returns:
        The derivative, as derived and simplified; for an array one formula an element.

    Raises:
        NotScalarError: If the loss is not a single number.
        DTypeError: If the loss or the source is not a float.
        DisconnectedError: If the loss does not depend on the source.
        ArgumentError: If the source is no leaf, or too large.
        DifferentiationError: If a formula would be too long, or a random draw is part of it.
        MissingExtraError: If SymPy is not installed.

    Example:
        >>> import backlit as bl
        >>> x, w, b = bl.input("x"), bl.parameter(2.0, name="w"), bl.parameter(1.0, name="b")
        >>> print(symbolic_derivative(bl.sigmoid((w * x + b).named("z")).named("a"), w))
        ∂a/∂w = x · σ(z) · (1 - σ(z))
          where z = w · x + b
          9 operations
    """
    load_sympy()
    _check(loss, source)
    forms = write_out(loss)
    form: Any = forms.values[loss][()]
    derived, shortened = np.empty(source.shape, dtype=object), np.empty(source.shape, dtype=object)
    try:
        for place in np.ndindex(*source.shape):
            derived[place] = form.diff(forms.values[source][place])
        if tree_size(derived.flat) > LONGEST_FORM:
            raise too_long(f"the derivative of {loss!r} with respect to {source!r}")
        raw_size = sum(map(count_operations, derived.flat))
        for place in np.ndindex(*source.shape):
            search = raw_size <= LONGEST_SEARCHED
            shortened[place] = shorten(derived[place], search=search) if simplify else derived[place]
    except RecursionError:
        raise too_deep(loss) from None
    size = sum(map(count_operations, shortened.flat))
    names = forms.names()
    return SymbolicDerivative(loss, source, derived[()], shortened[()], raw_size, size, forms.places, names)
