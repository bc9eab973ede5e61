"""The schedule: which nodes are computed together in one kernel.

Each stored node joins the kernel that makes what it reads, where every turn of that kernel's loops has at hand what the
node needs: bias and activation join a product, a softmax joins the maximum and the sum of its rows, an optimiser's
whole update joins the product that is the gradient. What makes a node join is only where its elements come from;
nothing is recognised by name.
"""

from collections.abc import Collection, Iterable

from backlit.engines.native.kernels import CHECKED, Kernel, reduction_axes
from backlit.engines.native.lowering import LOWERING, Anchor
from backlit.engines.native.storage import choose_stored, instruction_cost
from backlit.engines.native.walking import Access, Walk
from backlit.graph.graph import Graph
from backlit.graph.node import Application, Node

__all__ = ["Schedule"]

_DEAR_EPILOGUE = 40
"""What takes more instructions than this is not put into the tiles of a product, where it would stand many times."""

_SHORT = 4096
"""Up to this many elements, what needs a number made of a whole array may share its kernel, which one thread runs."""


class Schedule:
    """The kernels of a graph.

    Args:
        graph: What they compute.
        kept: More nodes that must lie in memory.
        apart: Products that nothing joins, because they are summed in parts.

    Attributes:
        stored: The nodes that lie in memory.
        kernels: The kernels, in the order in which they were begun.
        maker: The kernel that makes each stored node.
    """

    def __init__(self, graph: Graph, kept: Iterable[Node] = (), apart: Collection[Node] = ()) -> None:
        self.graph = graph
        self.stored = choose_stored(graph, kept)
        self._apart = apart
        self.kernels: list[Kernel] = []
        self.maker: dict[Node, Kernel] = {}
        self._sources: dict[Kernel, set[Kernel]] = {}
        self._readers: dict[Node, list[Kernel]] = {}
        self._checks: dict[Node, Kernel] = {}
        for node in graph.operations:
            if node.op.name in CHECKED:
                self._checks[node] = Kernel("check", node.arguments[CHECKED[node.op.name]].shape)
                self._begin(self._checks[node], [node])
            if node in self.stored:
                self._place(node)

    def _begin(self, kernel: Kernel, nodes: list[Application]) -> None:
        self.kernels.append(kernel)
        self._sources[kernel] = set()
        self._enter(kernel, nodes)

    def _enter(self, kernel: Kernel, nodes: list[Application]) -> None:
        """Take nodes into a kernel, with what they depend on."""
        kernel.roots += nodes
        if kernel.form != "check":
            self.maker.update(dict.fromkeys(nodes, kernel))
        read = kernel.reads(self.stored, nodes)
        self._sources[kernel].update((self._makers_of(read) | self.checks_of(kernel, nodes)) - {kernel})
        if kernel.form in {"rows", "columns"}:
            for access in read:
                self._readers.setdefault(access.node, []).append(kernel)

    def _makers_of(self, accesses: list[Access]) -> set[Kernel]:
        return {self.maker[access.node] for access in accesses if access.node in self.maker}

    def checks_of(self, kernel: Kernel, nodes: list[Application]) -> set[Kernel]:
        """Return the checks that must have passed before a kernel can compute nodes."""
        if not self._checks:
            return set()
        inside = {*nodes, *(step for step, _ in kernel.walk(nodes, self.stored).steps)}
        return {self._checks[node] for node in inside if node in self._checks}

    # --------------------------------------------------------------------------------------------------------- joining

    def _place(self, node: Application) -> None:
        """Let a stored node join a kernel, or begin one of its own."""
        kernel = self._own_kernel(node)
        if kernel.form in {"rows", "columns"} and not self.is_copy(node):
            read = kernel.reads(self.stored, [node])
            makers = self._makers_of(read) | self.checks_of(kernel, [node])
            for other in [*sorted(makers, key=self.kernels.index, reverse=True), *self._siblings(kernel, read, makers)]:
                if self._may_join(other, kernel, node) and not self._would_wait_for_itself(other, makers):
                    if node in kernel.anchors:
                        other.anchors.append(node)
                    self._enter(other, [node])
                    return
        self._begin(kernel, [node])

    def is_copy(self, node: Node) -> bool:
        """Say whether a node copies what lies in memory: it does so in a kernel of its own, after all others."""
        copies = isinstance(node, Application) and node.op.name == "stop_gradient"
        return copies and (node.arguments[0] in self.stored or not isinstance(node.arguments[0], Application))

    def _siblings(self, kernel: Kernel, read: list[Access], makers: set[Kernel]) -> list[Kernel]:
        """List the kernels that reduce over the same space and read something that a new reduction reads too."""
        if not kernel.anchors or not self._parallel(kernel.space):
            return []
        found = [other for access in read for other in self._readers.get(access.node, ())]
        alike = [one for one in dict.fromkeys(found) if one.space == kernel.space and one.form == kernel.form]
        return [one for one in alike if one not in makers and one.anchors]

    def _own_kernel(self, node: Application) -> Kernel:
        rule = LOWERING[node.op.name]
        form = rule.form if isinstance(rule, Anchor) else "rows"
        if form == "product":
            return Kernel("product", node.shape, [node])
        if form == "reduction":
            lengths = node.arguments[0].shape
            last = max((axis for axis, length in enumerate(lengths) if length != 1), default=-1)
            along_rows = last in reduction_axes(node) or node.size == 1
            return Kernel("rows" if along_rows else "columns", node.shape, [node])
        return Kernel(form, node.shape[:-1] if form == "rows" else node.shape)

    def _would_wait_for_itself(self, kernel: Kernel, makers: set[Kernel]) -> bool:
        """Say whether something that depends on a kernel would have to run before it."""
        waiting = list(makers - {kernel})
        seen = set(waiting)
        while waiting:
            for source in self._sources[waiting.pop()]:
                if source is kernel:
                    return True
                if source not in seen:
                    seen.add(source)
                    waiting.append(source)
        return False

    def _may_join(self, kernel: Kernel, new: Kernel, node: Application) -> bool:
        """Say whether a turn of a kernel's loops has at hand what a node needs."""
        if kernel.form == new.form == "columns":
            first = kernel.anchors[0]
            if any(self.maker.get(access.node) is kernel for access in new.reads(self.stored, [node])):
                return False
            return first.arguments[0].shape == node.arguments[0].shape and reduction_axes(first) == reduction_axes(node)
        if kernel.form in {"product", "columns"}:
            fits = new.form == "rows" and not new.anchors and node.shape == kernel.space
            if (
                not fits
                or kernel.anchors[0] in self._apart
                or (kernel.form == "product" and self._cone_cost(kernel, node) > _DEAR_EPILOGUE)
            ):
                return False
        elif kernel.form != "rows" or not self._fits_rows(kernel, new, node):
            return False
        found = walk_of(kernel, new, node, self.stored)
        position = kernel.position
        if any(index[: len(position)] != position[: len(index)] for _, index in found.results):
            return False
        own = [access for access in found.accesses if self.maker.get(access.node) is kernel]
        whole = kernel.form != "rows"
        return all(self._at_hand(kernel, access, whole=whole) for access in own)

    def _at_hand(self, kernel: Kernel, access: Access, *, whole: bool) -> bool:
        if access.index is None:
            return False
        if whole:
            return access.shape == kernel.space and access.index == kernel.position
        rank = len(kernel.space)
        return access.shape[:rank] == kernel.space and access.index[:rank] == kernel.position

    def _fits_rows(self, kernel: Kernel, new: Kernel, node: Application) -> bool:
        if new.form != "rows" or (new.anchors and not _reduces_the_end(node)):
            return False
        rank = len(new.space)
        if new.anchors and kernel.space != new.space:
            # A kernel without reductions may run over fewer axes, the rest being inner loops.
            if kernel.anchors or kernel.space[:rank] != new.space or not self._parallel(new.space):
                return False
            kernel.rebase(new.space)
        if node.shape[: len(kernel.space)] != kernel.space:
            return False
        if self._parallel(kernel.space):
            return True
        if max(_extent(one) for one in [node, *kernel.nodes]) <= _SHORT:
            return True
        return not kernel.anchors and not new.anchors and all(one.shape == node.shape for one in kernel.roots)

    @staticmethod
    def _parallel(space: tuple[int, ...]) -> bool:
        return any(extent > 1 for extent in space)

    def _cone_cost(self, kernel: Kernel, node: Application) -> int:
        found = kernel.walk([node], self.stored)
        return sum(instruction_cost(step) for step, _ in found.steps)


def walk_of(kernel: Kernel, new: Kernel, node: Application, stored: set[Node]) -> Walk:
    """Find what a node would be computed from inside a kernel."""
    if node in new.anchors:
        probe = Kernel(kernel.form, kernel.space, [*kernel.anchors, node])
        probe.variables = kernel.variables
        return probe.walk([node], stored)
    return kernel.walk([node], stored)


def _reduces_the_end(node: Application) -> bool:
    """Say whether a reduction keeps the leading axes and reduces the others."""
    axes = reduction_axes(node)
    return sorted(axes) == list(range(node.rank, node.arguments[0].rank))


def _extent(node: Application) -> int:
    """Return the number of elements that a node takes in or gives out."""
    return max([node.size, *(argument.size for argument in node.arguments)])
