"""Indices: which element of an argument an element of a result is made of.

An element is named by one affine expression of loop variables for each axis, such as ``2·i + 1``. Ops that only move
elements about (a transpose, a slice, a broadcast) become arithmetic on these expressions and cost nothing when the
program runs. This module imports the graph and knows nothing of LLVM.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backlit.graph.node import Application, Node

__all__ = ["Affine", "Index", "Variable", "argument_indices", "index_of", "linear", "only_unit_axes", "strides_of"]


class Variable:
    """A loop variable: it counts from 0 to before its extent. Two are equal only if they are the same object.

    Args:
        name: What the printed schedule calls it.
        extent: How many values it takes.
    """

    __slots__ = ("extent", "name")

    def __init__(self, name: str, extent: int) -> None:
        self.name = name
        self.extent = extent

    def __repr__(self) -> str:
        return f"{self.name}<{self.extent}"


@dataclass(frozen=True, slots=True)
class Affine:
    """A sum of loop variables times whole numbers, and a whole number.

    Args:
        terms: Each variable with its factor, none of them 0.
        offset: The whole number.

    Example:
        >>> i = Variable("i", 5)
        >>> Affine(((i, 1),), 0).scaled(2).shifted(3)
        2·i + 3
    """

    terms: tuple[tuple[Variable, int], ...]
    offset: int = 0

    def scaled(self, factor: int) -> "Affine":
        """Multiply by a whole number."""
        terms = tuple((variable, own * factor) for variable, own in self.terms) if factor else ()
        return Affine(terms, self.offset * factor)

    def shifted(self, amount: int) -> "Affine":
        """Add a whole number."""
        return Affine(self.terms, self.offset + amount) if amount else self

    def factor(self, variable: Variable) -> int:
        """Return the factor of a variable, 0 where it does not occur."""
        return next((factor for own, factor in self.terms if own is variable), 0)

    def __add__(self, other: "Affine") -> "Affine":
        factors = dict(self.terms)
        for variable, factor in other.terms:
            factors[variable] = factors.get(variable, 0) + factor
        return Affine(tuple((v, f) for v, f in factors.items() if f), self.offset + other.offset)

    def __repr__(self) -> str:
        parts = [variable.name if factor == 1 else f"{factor}·{variable.name}" for variable, factor in self.terms]
        return " + ".join([*parts, *([str(self.offset)] if self.offset or not parts else [])])


Index = tuple[Affine, ...]
"""One expression for each axis."""

_ZERO = Affine(())


def index_of(variables: Iterable[Variable]) -> Index:
    """Return the index made of one variable an axis.

    Args:
        variables: The variables, outermost first; one that takes a single value is written as 0.

    Returns:
        The index.
    """
    return tuple(Affine(((variable, 1),)) if variable.extent != 1 else _ZERO for variable in variables)


def strides_of(shape: Sequence[int]) -> tuple[int, ...]:
    """Return how many elements apart neighbours along each axis lie in a contiguous array.

    Args:
        shape: The length of each axis.

    Returns:
        The strides, in elements.

    Example:
        >>> strides_of((2, 3, 4))
        (12, 4, 1)
    """
    strides: list[int] = []
    step = 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


def linear(index: Index, shape: Sequence[int]) -> Affine:
    """Return how many elements from the beginning of a contiguous array an element lies.

    Args:
        index: Which element.
        shape: The shape of the array.

    Returns:
        The distance, in elements.

    Example:
        >>> i, j = Variable("i", 2), Variable("j", 3)
        >>> linear(index_of([i, j]), (2, 3))
        3·i + j
    """
    total = Affine(())
    for one, stride in zip(index, strides_of(shape), strict=True):
        total = total + one.scaled(stride)
    return total


def only_unit_axes(before: Sequence[int], after: Sequence[int]) -> bool:
    """Say whether a reshape only adds or drops axes of length 1.

    Args:
        before: The old shape.
        after: The new shape.

    Returns:
        Whether the other axes are the same.

    Example:
        >>> only_unit_axes((3, 4), (3, 1, 4)), only_unit_axes((6,), (2, 3))
        (True, False)
    """
    return [n for n in before if n != 1] == [n for n in after if n != 1]


def _broadcast(index: Index, argument: Node) -> Index:
    """Index an argument that broadcasts: aligned at the right, 0 along axes of length 1."""
    own = index[len(index) - argument.rank :]
    return tuple(_ZERO if length == 1 else one for one, length in zip(own, argument.shape, strict=True))


def _unit_axes(index: Index, argument: Node, node: Node) -> Index:
    moved = iter([one for one, length in zip(index, node.shape, strict=True) if length != 1])
    return tuple(_ZERO if length == 1 else next(moved) for length in argument.shape)


def argument_indices(node: Application, index: Index) -> list[Index]:
    """Return, for each argument of a node that computes element by element, which element is needed.

    Args:
        node: An elementwise op, or one that only moves elements about.
        index: Which element of the node is wanted.

    Returns:
        An index for each argument.
    """
    name, attributes, arguments = node.op.name, node.attributes, node.arguments
    if name == "reshape":
        return [_unit_axes(index, arguments[0], node)]
    if name == "permute_dims":
        where = {axis: place for place, axis in enumerate(attributes["axes"])}
        return [tuple(index[where[axis]] for axis in range(len(index)))]
    if name == "slice":
        pairs = zip(index, attributes["starts"], attributes["steps"], strict=True)
        return [tuple(one.scaled(step).shifted(start) for one, start, step in pairs)]
    if name == "flip":
        lengths = enumerate(zip(index, node.shape, strict=True))
        turned = attributes["axes"]
        return [tuple(one.scaled(-1).shifted(n - 1) if axis in turned else one for axis, (one, n) in lengths)]
    if name == "one_hot":
        return [index[:-1]]
    return [_broadcast(index, argument) for argument in arguments]
