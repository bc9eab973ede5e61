"""Names: what the kernels and values of a program are called in reports, after the scopes that their author wrote.

A kernel computes nodes of several scopes at once. It bears the innermost scope that holds all of them; where there is
none, their outermost ones, such as ``layer1 + layer2``, with ``backward`` kept apart from forward.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from backlit.engines.native.kernels import Kernel
from backlit.engines.native.lowering import LOWERING, View
from backlit.graph.graph import Graph
from backlit.graph.leaves import Constant
from backlit.graph.node import Application, Node

__all__ = ["computed_in", "kernel_name", "node_names", "op_words", "scope_words"]

_WORDS = {"matmul": "product"}

_MOST = 4
"""Up to so many ops, or scopes, are listed in a name."""


def op_words(node: Node) -> str:
    """Return what an op is called in a report.

    Args:
        node: The node.

    Returns:
        ``product`` for ``matmul``; of everything else its own name.

    Example:
        >>> import backlit as bl
        >>> op_words(bl.input("x", (2, 3)) @ bl.input("y", (3,)))
        'reshape'
    """
    return _WORDS.get(node.kind, node.kind)


def node_names(graph: Graph) -> dict[Node, str]:
    """Name every node: by its own name, else by its op and its scope; equal names are numbered.

    Args:
        graph: The graph.

    Returns:
        A name for each node.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> with bl.scope("layer1"):
        ...     y = bl.exp(bl.exp(x))
        >>> list(node_names(Graph(outputs=[y])).values())
        ['x', 'exp in layer1', 'exp in layer1 (2)']
    """
    taken: Counter[str] = Counter()
    names: dict[Node, str] = {}
    for node, label in graph.labels.items():
        if node.name:
            names[node] = label
            continue
        if isinstance(node, Constant) and node.size == 1:
            name = f"{node.value.item():g}" if node.dtype.startswith("float") else str(node.value.item())
            names[node] = name
            continue
        name = f"{op_words(node)} in {node.scope.path}" if node.scope else op_words(node)
        taken[name] += 1
        names[node] = name if taken[name] == 1 else f"{name} ({taken[name]})"
    return names


def computed_in(kernel: Kernel, stored: Collection[Node]) -> list[Application]:
    """List what a kernel computes, arguments first: views are left out, for they compute nothing.

    Args:
        kernel: The kernel.
        stored: The nodes that lie in memory.

    Returns:
        The nodes; for a check of indices the node whose indices it checks.
    """
    if kernel.form == "check":
        return kernel.nodes
    found = dict.fromkeys(kernel.nodes)
    found.update(dict.fromkeys(step for step, _ in kernel.walk(kernel.nodes, set(stored)).steps))
    wanted = set(found)
    order: dict[Application, None] = {}
    for root in found:
        stack: list[Application] = [root]
        while stack:
            node = stack[-1]
            waiting = [one for one in node.arguments if one in wanted and one not in order]
            if waiting:
                stack.extend(waiting)
            else:
                order[stack.pop()] = None
    kept = set(kernel.nodes)
    return [node for node in order if node in kept or not isinstance(LOWERING[node.op.name], View)]


def _parts(node: Node) -> tuple[str, ...]:
    return tuple(box.name for box in node.scope.lineage) if node.scope else ()


def scope_words(nodes: Iterable[Node]) -> str:
    """Return the innermost scope that holds all of some nodes, or their outermost scopes joined by plus signs.

    Args:
        nodes: The nodes.

    Returns:
        The words; nothing where no node stands in a scope.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> with bl.scope("layer1"):
        ...     y = bl.exp(x)
        ...     with bl.scope("inner"):
        ...         z = bl.exp(y)
        >>> with bl.scope("layer2"):
        ...     w = bl.exp(z)
        >>> scope_words([y, z]), scope_words([z]), scope_words([y, w])
        ('layer1', 'layer1.inner', 'layer1 + layer2')
    """
    paths = list(dict.fromkeys(_parts(node) for node in nodes))
    if not paths:
        return ""
    common = paths[0]
    for path in paths:
        length = next(
            (i for i, (a, b) in enumerate(zip(common, path, strict=False)) if a != b), min(len(common), len(path))
        )
        common = common[:length]
    if common and common != ("backward",):
        return ".".join(common)
    outer = dict.fromkeys(".".join(path[: 2 if path[0] == "backward" else 1]) for path in paths if path)
    return _joined(list(outer))


def _joined(words: list[str]) -> str:
    return " + ".join(words if len(words) <= _MOST else [*words[: _MOST - 1], "…"])


def kernel_name(kernel: Kernel, stored: Collection[Node], updated: Mapping[Node, Node]) -> str:
    """Name a kernel by its scopes and by what it computes.

    Args:
        kernel: The kernel.
        stored: The nodes that lie in memory.
        updated: For each new value of a parameter, the parameter.

    Returns:
        The name, such as ``layer1 · product + add + relu``.
    """
    nodes = computed_in(kernel, stored)
    words = list(dict.fromkeys(op_words(node) for node in nodes))
    if len(words) > _MOST:
        words = list(dict.fromkeys(op_words(node) for node in kernel.nodes))
    ops = f"check {words[0]}" if kernel.form == "check" else _joined(words)
    named = [str(node.name) for node in kernel.nodes if node.name and node not in updated]
    scope = scope_words(nodes)
    return " · ".join(part for part in (scope, _joined(named), ops) if part)
