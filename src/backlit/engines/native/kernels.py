"""Kernels: the loops that a step is made of, each with everything that is computed in it.

A kernel runs over a space of loop variables. In ``rows`` every turn of the space handles one row: elementwise chains,
reductions along the row and what is computed from them, in phases. In ``columns`` every turn adds up (or takes the
largest of) what lies along the outer axes. In ``product`` every turn is an element of a matrix product. The other forms
have one node each. This module says what a kernel is; ``schedule`` decides which there are.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from backlit.engines.native.indexing import Affine, Index, Variable, index_of
from backlit.engines.native.walking import Access, Walk, follow, walk
from backlit.graph.node import Application, Node

__all__ = ["CHECKED", "Kernel", "Phase", "reduction_axes"]

CHECKED = {"one_hot": 0, "take": 1, "scatter_add": 1}
"""Ops whose integers must lie in a range, with the position of those integers among the arguments."""


def reduction_axes(node: Application) -> tuple[int, ...]:
    """Return the axes along which a reduction reduces."""
    return tuple(node.attributes["axes"])


@dataclass
class Phase:
    """What one pass along the rows of a kernel computes.

    Args:
        shape: What it runs over, beyond the space of the kernel; nothing for one number a row.
        nodes: Reductions and stored nodes.
    """

    shape: tuple[int, ...]
    nodes: list[Application]


@dataclass(eq=False)
class Kernel:
    """One loop nest.

    Args:
        form: ``rows``, ``columns``, ``product``, ``assembly``, ``scan``, ``scatter``, ``places``, ``random bits`` or
            ``check``.
        space: The extents of its loop variables.
        anchors: The reductions, or the product, whose results are in registers while it runs.
        roots: The nodes that it writes to memory.
    """

    form: str
    space: tuple[int, ...]
    anchors: list[Application] = field(default_factory=list)
    roots: list[Application] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        self._inner: dict[tuple[int, ...], tuple[Variable, ...]] = {}
        self.variables = tuple(Variable(f"i{axis}", extent) for axis, extent in enumerate(self.space))

    @property
    def position(self) -> Index:
        """The index made of the loop variables."""
        return index_of(self.variables)

    @property
    def results(self) -> set[Node]:
        """What is in registers while it runs."""
        return set(self.anchors)

    @property
    def nodes(self) -> list[Application]:
        """Everything it makes, arguments first."""
        return list(self.roots)

    def inner(self, shape: tuple[int, ...]) -> tuple[Variable, ...]:
        """Return the variables that run over the rest of a shape, beyond the space; equal shapes share them."""
        if shape not in self._inner:
            names = (f"j{axis}" for axis in range(len(shape)))
            self._inner[shape] = tuple(Variable(name, extent) for name, extent in zip(names, shape, strict=True))
        return self._inner[shape]

    def rest(self, node: Node) -> tuple[int, ...]:
        """Return the part of a node's shape that lies beyond the space; one of ones counts as none."""
        rest = node.shape[len(self.space) :]
        return () if all(extent == 1 for extent in rest) else rest

    def index(self, node: Node) -> Index:
        """Return the index of the element that one turn of the loops computes of a node."""
        rest = self.rest(node)
        beyond = index_of(self.inner(rest)) if rest else tuple(Affine(()) for _ in node.shape[len(self.space) :])
        return (*self.position, *beyond)

    def operand_index(self, anchor: Application) -> Index:
        """Return the index of the element of a reduction's argument that one turn of the loops takes in."""
        axes = reduction_axes(anchor)
        shape = anchor.arguments[0].shape
        reduced = iter(index_of(self.inner(tuple(shape[axis] for axis in axes))))
        kept = iter(self.position)
        return tuple(next(reduced) if axis in axes else next(kept) for axis in range(len(shape)))

    def wanted(self, nodes: Iterable[Application]) -> list[tuple[Node, Index]]:
        """Return, for nodes this kernel makes, the elements that one turn needs: operands for anchors."""
        pairs: list[tuple[Node, Index]] = []
        for node in nodes:
            if node in self.anchors:
                if self.form != "product":
                    pairs.append((node.arguments[0], self.operand_index(node)))
            else:
                pairs.append((node, self.index(node)))
        return pairs

    @property
    def along(self) -> Variable:
        """The variable over which a product sums."""
        (variable,) = self.inner((self.anchors[0].arguments[0].shape[-1],))
        return variable

    def operands(self, stored: set[Node]) -> tuple[Access, Access]:
        """Return how a product reads its two matrices: by the variables of its space and the one it sums over."""
        product = self.anchors[0]
        left, right = product.arguments
        *batch, row, column = self.position
        (along,) = index_of([self.along])
        accesses = []
        for argument, last in ((left, (row, along)), (right, (along, column))):
            outer = batch[len(batch) - argument.rank + 2 :]
            own = [Affine(()) if length == 1 else one for one, length in zip(outer, argument.shape[:-2], strict=True)]
            accesses.append(follow(argument, (*own, *last), stored))
        return accesses[0], accesses[1]

    def reads(self, stored: set[Node], nodes: Iterable[Application] | None = None) -> list[Access]:
        """List what it, or some of its nodes, reads from memory."""
        own = self.nodes if nodes is None else list(nodes)
        accesses = self.walk(own, stored).accesses
        if self.form == "product" and self.anchors[0] in own:
            accesses = [*accesses, *self.operands(stored)]
        return accesses

    def _walk_whole(self, node: Application, stored: set[Node]) -> Walk:
        """Find what an op with a loop of its own is computed from: each argument as a whole."""
        arguments = node.arguments if self.form != "check" else (node.arguments[CHECKED[node.op.name]],)
        pairs = [(a, index_of([Variable(f"k{axis}", n) for axis, n in enumerate(a.shape)])) for a in arguments]
        found = walk([pair for pair in pairs if pair[0] not in stored], stored)
        found.accesses += [Access(a, index, a.shape) for a, index in pairs if a in stored]
        return found

    def rebase(self, space: tuple[int, ...]) -> None:
        """Run over fewer of the leading axes; the others become inner loops."""
        self.space = space
        self.variables = self.variables[: len(space)]
        self._inner.clear()

    def walk(self, nodes: Iterable[Application], stored: set[Node]) -> Walk:
        """Find what some of its nodes are computed from."""
        if self.form not in {"rows", "columns", "product"}:
            parts = [self._walk_whole(node, stored) for node in nodes]
            return Walk([s for w in parts for s in w.steps], [a for w in parts for a in w.accesses], [])
        own = list(nodes)
        roots = {node for node in own if node not in self.anchors}
        return walk(self.wanted(own), stored, self.results - roots, roots)

    def extent_of(self, node: Application) -> tuple[int, ...]:
        """Return what the inner loops run over to make a node."""
        if node in self.anchors and self.form == "rows":
            return tuple(node.arguments[0].shape[axis] for axis in reduction_axes(node))
        return self.rest(node) if node not in self.anchors else ()

    def phases(self, stored: set[Node]) -> list[Phase]:
        """Divide what it makes into passes: what needs a whole row of something comes in a later one.

        Args:
            stored: The nodes that lie in memory.

        Returns:
            The phases in order.
        """
        if self.form != "rows":
            return [Phase((), self.nodes)]
        level: dict[Node, int] = {}
        for node in self.nodes:
            found = self.walk([node], stored)
            needed = [level[result] + 1 for result, _ in found.results if result in level]
            for access in found.accesses:
                if access.node in level:
                    here = access.index == self.index(access.node) and access.shape == access.node.shape
                    alike = self.extent_of(node) == self.extent_of(access.node)  # type: ignore[arg-type]
                    needed.append(level[access.node] + (0 if here and alike else 1))
            level[node] = max(needed, default=0)
        groups: dict[tuple[int, tuple[int, ...]], Phase] = {}
        for node in self.nodes:
            shape = self.extent_of(node)
            groups.setdefault((level[node], shape), Phase(shape, [])).nodes.append(node)
        return [groups[key] for key in sorted(groups, key=lambda key: key[0])]
