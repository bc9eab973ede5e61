"""What users ask of differentiation: grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp.

Each takes nodes and returns nodes, so that each can be taken again, to any order.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, overload

from backlit.autodiff.forward import push_forward
from backlit.autodiff.reverse import Backpropagation, backpropagate, zeros_like
from backlit.errors import DeadGradientWarning, DisconnectedError, DTypeError, NotScalarError, ShapeError, user_line
from backlit.graph.leaves import constant
from backlit.graph.node import Node, Operand
from backlit.graph.ops import broadcast_to, expand_dims, moveaxis, reshape, stack
from backlit.graph.spec import is_floating

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

Sources = Node | Sequence[Node] | Mapping[str, Node]


def _listed(sources: Sources) -> list[Node]:
    """List the nodes asked for and check that each can change by a small amount."""
    if isinstance(sources, Node):
        sources = [sources]
    nodes = list(sources.values()) if isinstance(sources, Mapping) else list(sources)
    for node in nodes:
        if not isinstance(node, Node):
            raise DTypeError(f"a gradient is taken with respect to nodes; received {node!r}")
        if not is_floating(node.dtype):
            raise DTypeError(
                f"there is no gradient with respect to {node!r}",
                why="only floats can change by a small amount",
                instead="differentiate with respect to a float, such as a parameter",
                line=user_line(),
            )
    return nodes


def _answered(sources: Sources, results: list[Node]) -> Any:
    """Answer in kind: a node for a node, a list for a list, a dictionary for a dictionary."""
    if isinstance(sources, Node):
        return results[0]
    if isinstance(sources, Mapping):
        return dict(zip(sources, results, strict=True))
    return results


def _check_scalar(loss: Node) -> None:
    if not isinstance(loss, Node):
        raise DTypeError(f"a gradient is taken of a node; received {loss!r}", line=user_line())
    if loss.shape != ():
        raise NotScalarError(
            f"the gradient of {loss!r} was asked for, which is not a single number",
            why="a gradient is the slope of one number in every direction; many numbers have a Jacobian",
            instead="add it up with bl.sum(...) or bl.mean(...), or ask bl.jacobian or bl.vjp",
            line=user_line(),
        )
    if not is_floating(loss.dtype):
        raise DTypeError(
            f"{loss!r} has no gradient", why="a whole number or a truth value has no slope", line=user_line()
        )


def _label(node: Node) -> str:
    return repr(node.name) if node.name else repr(node)


def _complete(walk: Backpropagation, outputs: Sequence[Node], sources: Sequence[Node]) -> list[Node]:
    """Give every source its gradient: zeros with a warning behind flat functions, an error where there is no path."""
    path = set(walk.upstream)
    for source in sources:
        if source not in path:
            named = ", ".join(_label(output) for output in outputs)
            raise DisconnectedError(
                f"{named} does not depend on {_label(source)}",
                why="no path leads from it to the output, so its gradient is zero everywhere",
                instead="leave it out, or check that the graph was built from this very node",
                line=user_line(),
            )
    dead = [source for source in sources if source not in walk.gradients]
    blocking = walk.blocking(dead)
    if dead and not all(node.op.name == "stop_gradient" for node in blocking):
        through = ", ".join(dict.fromkeys(f"{node.op.name} ({_label(node)})" for node in blocking))
        warnings.warn(
            f"the gradient of {', '.join(map(_label, dead))} is zero: every path goes through {through}, whose "
            "derivative is zero wherever it exists; nothing upstream of it can learn",
            DeadGradientWarning,
            stacklevel=3,
        )
    return [walk.gradients.get(source, zeros_like(source)) for source in sources]


@overload
def grad(loss: Node, sources: Node) -> Node: ...
@overload
def grad(loss: Node, sources: Mapping[str, Node]) -> dict[str, Node]: ...
@overload
def grad(loss: Node, sources: Sequence[Node]) -> list[Node]: ...
def grad(loss: Node, sources: Sources) -> Node | list[Node] | dict[str, Node]:
    """Return the gradient of a single number: ∂L/∂θ for each node asked for.

    Args:
        loss: A float of shape ().
        sources: A node, a list of nodes or a dictionary of them.

    Returns:
        For each of them a node of its shape, in the same form as asked.

    Raises:
        NotScalarError: If the loss is not a single number.
        DTypeError: If the loss or a source is not a float.
        DisconnectedError: If the loss does not depend on a source.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> float(grad(x * x * x, x).evaluate({"x": 2.0}))
        12.0
    """
    nodes = _listed(sources)
    _check_scalar(loss)
    walk = backpropagate([loss], [constant(1.0, dtype=loss.dtype)], nodes)
    return _answered(sources, _complete(walk, [loss], nodes))  # type: ignore[no-any-return]


def value_and_grad(loss: Node, sources: Sources) -> tuple[Node, Any]:
    """Return a single number together with its gradient.

    Args:
        loss: A float of shape ().
        sources: A node, a list of nodes or a dictionary of them.

    Returns:
        The loss itself, and the gradient in the same form as asked.

    Raises:
        NotScalarError: If the loss is not a single number.
        DisconnectedError: If the loss does not depend on a source.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> value, slope = value_and_grad(x * x, x)
        >>> float(value.evaluate({x: 3.0})), float(slope.evaluate({x: 3.0}))
        (9.0, 6.0)
    """
    return loss, grad(loss, sources)


def _directions(asked: Sources, given: Any, what: str) -> list[Node]:
    """Turn what was given, in the form of the question, into nodes of the shapes and data types of the nodes asked."""
    nodes = _listed(asked)
    if isinstance(given, Mapping):
        if not isinstance(asked, Mapping) or set(asked) != set(given):
            names = ", ".join(given)
            raise ShapeError(f"the {what}s are named {names}, the nodes otherwise", instead="give both the same names")
        given = [given[name] for name in asked]
    values = [given] if isinstance(asked, Node) else list(given)
    if len(values) != len(nodes):
        raise ShapeError(f"{len(nodes)} nodes need {len(nodes)} {what}s; received {len(values)}")
    result = []
    for node, value in zip(nodes, values, strict=True):
        direction = value if isinstance(value, Node) else constant(value, dtype=node.dtype)
        if direction.shape != node.shape or direction.dtype != node.dtype:
            raise ShapeError(
                f"the {what} of {node!r} is {direction!r}", why=f"a {what} has the shape and data type of its node"
            )
        result.append(direction)
    return result


def vjp(outputs: Node | Sequence[Node], sources: Sources, upstream: Operand | Sequence[Operand]) -> Any:
    """Pull gradients back: for upstream gradients v of the outputs, vᵀ·J for each source.

    Args:
        outputs: A node or several.
        sources: A node, a list of nodes or a dictionary of them.
        upstream: For each output a node or array of its shape.

    Returns:
        For each source a node of its shape, in the same form as asked.

    Raises:
        ShapeError: If an upstream gradient does not have the shape of its output.
        DisconnectedError: If no output depends on a source.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x", shape=(2,))
        >>> vjp(x * x, x, [1.0, 10.0]).evaluate({"x": [1.0, 2.0]}).tolist()
        [2.0, 40.0]
    """
    tops = [outputs] if isinstance(outputs, Node) else list(outputs)
    nodes = _listed(sources)
    walk = backpropagate(tops, _directions(outputs, upstream, "upstream gradient"), nodes)
    return _answered(sources, _complete(walk, tops, nodes))


def jvp(outputs: Node | Sequence[Node], sources: Sources, tangents: Operand | Sequence[Operand]) -> Any:
    """Push tangents forward: for directions v of the sources, J·v for each output.

    Args:
        outputs: A node or several.
        sources: A node, a list of nodes or a dictionary of them.
        tangents: For each source a node or array of its shape.

    Returns:
        For each output a node of its shape: a node for a node, a list for a list.

    Raises:
        ShapeError: If a tangent does not have the shape of its source.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x", shape=(2,))
        >>> jvp(x * x, x, [1.0, 0.0]).evaluate({"x": [3.0, 4.0]}).tolist()
        [6.0, 0.0]
    """
    tops = [outputs] if isinstance(outputs, Node) else list(outputs)
    nodes = _listed(sources)
    moving = push_forward(tops, dict(zip(nodes, _directions(sources, tangents, "tangent"), strict=True)))
    results = [moving.get(top, zeros_like(top)) for top in tops]
    return results[0] if isinstance(outputs, Node) else results


def jacobian(output: Node, sources: Sources) -> Any:
    """Return the Jacobian: the derivative of every element of the output with respect to every element of a source.

    It is built row by row in reverse mode, or column by column in forward mode, whichever takes fewer walks.

    Args:
        output: A float node of any shape.
        sources: A node, a list of nodes or a dictionary of them.

    Returns:
        For each source a node of shape (*output.shape, *source.shape), in the same form as asked; zeros for a source
        on which the output does not depend.

    Raises:
        DTypeError: If the output or a source is not a float.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x", shape=(2,))
        >>> jacobian(x * x, x).evaluate({"x": [1.0, 3.0]}).tolist()
        [[2.0, 0.0], [0.0, 6.0]]
    """
    nodes = _listed(sources)
    if not is_floating(output.dtype):
        raise DTypeError(f"{output!r} has no Jacobian", why="a whole number or a truth value has no slope")
    if output.size <= sum(node.size for node in nodes):
        return _answered(sources, _jacobian_by_rows(output, nodes))
    return _answered(sources, [_jacobian_by_columns(output, node) for node in nodes])


def _unit(node: Node, index: int) -> Node:
    """Return an array of a node's shape that is 1 at one element and 0 elsewhere."""
    unit = [0.0] * node.size
    unit[index] = 1.0
    return reshape(constant(unit, dtype=node.dtype), node.shape)


def _jacobian_by_rows(output: Node, nodes: list[Node]) -> list[Node]:
    rows: list[list[Node]] = [[] for _ in nodes]
    for index in range(output.size):
        walk = backpropagate([output], [_unit(output, index)], nodes)
        for row, node in zip(rows, nodes, strict=True):
            row.append(walk.gradients.get(node, zeros_like(node)))
    return [
        reshape(stack(row), (*output.shape, *node.shape))
        if row
        else broadcast_to(constant(0, dtype=node.dtype), (*output.shape, *node.shape))
        for row, node in zip(rows, nodes, strict=True)
    ]


def _jacobian_by_columns(output: Node, node: Node) -> Node:
    columns = []
    for index in range(node.size):
        moving = push_forward([output], {node: _unit(node, index)})
        columns.append(expand_dims(moving.get(output, zeros_like(output)), 0))
    if not columns:
        return broadcast_to(constant(0, dtype=node.dtype), (*output.shape, *node.shape))
    stacked = reshape(stack(columns), (node.size, *output.shape))
    return reshape(moveaxis(stacked, 0, -1), (*output.shape, *node.shape))


def hessian(loss: Node, source: Node) -> Node:
    """Return the Hessian: all second derivatives of a single number.

    Args:
        loss: A float of shape ().
        source: The node with respect to which it is differentiated twice.

    Returns:
        A node of shape (*source.shape, *source.shape); zeros where the loss is linear.

    Raises:
        NotScalarError: If the loss is not a single number.
        DisconnectedError: If the loss does not depend on the source.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x", shape=(2,))
        >>> hessian(x[0] * x[0] * x[1], x).evaluate({"x": [1.0, 2.0]}).tolist()
        [[4.0, 2.0], [2.0, 0.0]]
    """
    return jacobian(grad(loss, source), source)  # type: ignore[no-any-return]


def hvp(loss: Node, sources: Sources, vector: Operand | Sequence[Operand]) -> Any:
    """Multiply the Hessian with a vector without building it: the tangent of the gradient (Pearlmutter, 1994).

    Args:
        loss: A float of shape ().
        sources: A node, a list of nodes or a dictionary of them.
        vector: For each source a node or array of its shape.

    Returns:
        For each source a node of its shape, in the same form as asked.

    Raises:
        NotScalarError: If the loss is not a single number.
        DisconnectedError: If the loss does not depend on a source.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x", shape=(2,))
        >>> hvp(x[0] * x[0] * x[1], x, [1.0, 0.0]).evaluate({"x": [1.0, 2.0]}).tolist()
        [4.0, 2.0]
    """
    nodes = _listed(sources)
    gradients = grad(loss, nodes)
    return _answered(sources, jvp(gradients, nodes, _directions(sources, vector, "vector")))
