"""The cards of selection by place: slice, pad, concatenate."""

from collections.abc import Sequence

from backlit.errors import ShapeError, user_line
from backlit.graph.node import Application, Node, Operand
from backlit.graph.op import Op, Refusal, Sample, as_nodes, linear_pushforward
from backlit.graph.ops.piecewise import where
from backlit.graph.ops.shape import broadcast_to, expand_dims
from backlit.graph.shapes import normalise_axis
from backlit.graph.spec import Spec, promote

__all__ = ["concat", "pad", "slice", "stack"]


def _infer_slice(x: Spec, *, starts: Sequence[int], stops: Sequence[int], steps: Sequence[int]) -> Spec:
    if not len(starts) == len(stops) == len(steps) == x.rank:
        raise ShapeError(f"a slice of {x} needs {x.rank} starts, stops and steps")
    lengths = []
    for start, stop, step, length in zip(starts, stops, steps, x.shape, strict=True):
        if not 0 <= start <= stop <= length or step < 1:
            raise ShapeError(f"the slice {start}:{stop}:{step} leaves the axis of length {length}")
        lengths.append(-(-(stop - start) // step))
    return Spec(tuple(lengths), x.dtype)


def _slice_pullback(position: int, z: Application, upstream: Node) -> Node:
    """Put each upstream gradient back where its element stood, and zeros between and around."""
    (x,) = z.arguments
    starts, steps = z.attributes["starts"], z.attributes["steps"]
    if 0 in z.shape:
        return broadcast_to(as_nodes((upstream, 0.0))[1], x.shape)
    spans = [start + (count - 1) * step + 1 for start, step, count in zip(starts, steps, z.shape, strict=True)]
    high = tuple(length - span for length, span in zip(x.shape, spans, strict=True))
    return _PAD(upstream, low=tuple(starts), high=high, interior=tuple(step - 1 for step in steps))


_SLICE = Op(
    name="slice",
    formula="x_{a:b:c}",
    words="a part of {x}",
    derivative=("1",),
    infer=_infer_slice,
    pushforward=linear_pushforward,
    pullback=_slice_pullback,
    samples=(
        Sample((5,), starts=(1,), stops=(4,), steps=(1,)),
        Sample((6, 3), starts=(1, 0), stops=(6, 2), steps=(2, 1)),
        Sample((3,), starts=(1,), stops=(1,), steps=(1,)),
    ),
    refusals=(
        Refusal(
            (Spec((2,), "float32"),), {"starts": (0,), "stops": (3,), "steps": (1,)}, ShapeError, "leaves the axis"
        ),
    ),
)


def slice(x: Operand, starts: Sequence[int], stops: Sequence[int], steps: Sequence[int] | None = None) -> Node:
    """Take every step-th element from start to before stop along each axis, as ``x[a:b:c]`` does.

    Args:
        x: Values of any kind and shape.
        starts: The first index along each axis.
        stops: The index to stop before along each axis.
        steps: The stride along each axis, at least 1; 1 by default.

    Returns:
        A node of the cut-out shape.

    Raises:
        ShapeError: If a slice leaves its axis.

    Example:
        >>> slice([1.0, 2.0, 3.0, 4.0], (1,), (4,), (2,)).evaluate().tolist()
        [2.0, 4.0]
    """
    (node,) = as_nodes((x,))
    return _SLICE(node, starts=tuple(starts), stops=tuple(stops), steps=tuple(steps or (1,) * node.rank))


def _infer_pad(x: Spec, *, low: Sequence[int], high: Sequence[int], interior: Sequence[int]) -> Spec:
    if not len(low) == len(high) == len(interior) == x.rank or min((*low, *high, *interior), default=0) < 0:
        raise ShapeError(f"padding {x} needs {x.rank} numbers of at least 0 before, after and between elements")
    sizes = zip(x.shape, low, high, interior, strict=True)
    return Spec(tuple(a + n + max(n - 1, 0) * gap + b for n, a, b, gap in sizes), x.dtype)


def _pad_pullback(position: int, z: Application, upstream: Node) -> Node:
    (x,) = z.arguments
    low, interior = z.attributes["low"], z.attributes["interior"]
    spans = [n + max(n - 1, 0) * gap for n, gap in zip(x.shape, interior, strict=True)]
    stops = tuple(a + span for a, span in zip(low, spans, strict=True))
    return _SLICE(upstream, starts=low, stops=stops, steps=tuple(gap + 1 for gap in interior))


_PAD = Op(
    name="pad",
    formula=r"(0, x, 0)",
    words="{x} surrounded by zeros",
    derivative=("1",),
    infer=_infer_pad,
    pushforward=linear_pushforward,
    pullback=_pad_pullback,
    samples=(
        Sample((3,), low=(1,), high=(2,), interior=(0,)),
        Sample((2, 3), low=(0, 1), high=(1, 0), interior=(2, 1)),
        Sample((0,), low=(1,), high=(1,), interior=(1,)),
    ),
    refusals=(
        Refusal((Spec((2,), "float32"),), {"low": (-1,), "high": (0,), "interior": (0,)}, ShapeError, "at least 0"),
    ),
)


def pad(x: Operand, widths: Sequence[tuple[int, int]], *, value: Operand = 0.0) -> Node:
    """Surround a value with a constant.

    Args:
        x: Integers or floats of any shape.
        widths: For each axis, how many elements to put before and after.
        value: The number to put there.

    Returns:
        A node of the larger shape.

    Raises:
        ShapeError: If the widths do not name every axis or are negative.

    Example:
        >>> pad([1.0, 2.0], [(1, 2)], value=9.0).evaluate().tolist()
        [9.0, 1.0, 2.0, 9.0, 9.0]
    """
    (node,) = as_nodes((x,))
    if not all(isinstance(width, Sequence) and len(width) == 2 for width in widths):
        raise ShapeError(
            f"pad received the widths {widths!r}",
            why="each axis is given two numbers: how many elements come before and after",
            instead="write pad(x, [(1, 1), (0, 2)]) for two axes",
            line=user_line(),
        )
    settings = {
        "low": tuple(before for before, _ in widths),
        "high": tuple(after for _, after in widths),
        "interior": (0,) * len(widths),
    }
    padded = _PAD(node, **settings)
    if not isinstance(value, Node) and value == 0:
        return padded
    inside = _PAD(broadcast_to(as_nodes((True,))[0], node.shape), **settings)
    return where(inside, padded, value)


def _infer_concat(*specs: Spec, axis: int) -> Spec:
    if not specs:
        raise ShapeError("there is nothing to concatenate")
    first = specs[0]
    at = normalise_axis(axis, first.rank)
    for spec in specs[1:]:
        if spec.rank != first.rank or any(
            a != b for i, (a, b) in enumerate(zip(spec.shape, first.shape, strict=True)) if i != at
        ):
            raise ShapeError(
                f"{first} and {spec} do not join along axis {axis}", why="all other axes must have equal lengths"
            )
    joined = sum(spec.shape[at] for spec in specs)
    return Spec((*first.shape[:at], joined, *first.shape[at + 1 :]), promote(*(spec.dtype for spec in specs)))


def _concat_tangent(z: Application, tangents: tuple[Node | None, ...]) -> Node | None:
    if all(tangent is None for tangent in tangents):
        return None
    parts = [
        broadcast_to(as_nodes((node, 0))[1], node.shape) if tangent is None else tangent
        for node, tangent in zip(z.arguments, tangents, strict=True)
    ]
    return _CONCAT(*parts, **z.attributes)


def _concat_pullback(position: int, z: Application, upstream: Node) -> Node:
    axis = normalise_axis(z.attributes["axis"], z.rank)
    begin = sum(node.shape[axis] for node in z.arguments[:position])
    starts, stops = [0] * z.rank, list(z.shape)
    starts[axis], stops[axis] = begin, begin + z.arguments[position].shape[axis]
    return slice(upstream, starts, stops)


_CONCAT = Op(
    name="concat",
    formula=r"(x, y, \dots)",
    words="{x} followed by {y}",
    derivative=("1", "1"),
    infer=_infer_concat,
    pushforward=_concat_tangent,
    pullback=_concat_pullback,
    samples=(Sample((2,), (3,), axis=0), Sample((2, 1), (2, 3), (2, 0), axis=1)),
    refusals=(Refusal((Spec((2, 2), "float32"), Spec((3, 3), "float32")), {"axis": 0}, ShapeError, "do not join"),),
)


def concat(values: Sequence[Operand], /, *, axis: int = 0) -> Node:
    """Join values one after the other along an axis.

    Args:
        values: Values whose other axes have equal lengths.
        axis: The axis along which they are joined.

    Returns:
        A node as long along the axis as all together.

    Raises:
        ShapeError: If other axes differ, or there are no values.

    Example:
        >>> concat([[1.0, 2.0], [3.0]]).evaluate().tolist()
        [1.0, 2.0, 3.0]
    """
    nodes = as_nodes(values)
    return nodes[0] if len(nodes) == 1 else _CONCAT(*nodes, axis=axis)


def stack(values: Sequence[Operand], /, *, axis: int = 0) -> Node:
    """Join values of one shape along a new axis.

    Args:
        values: Values of equal shape.
        axis: Where the new axis stands.

    Returns:
        A node with one more axis.

    Raises:
        ShapeError: If the shapes differ, or there are no values.

    Example:
        >>> stack([1.0, 2.0]).evaluate().tolist()
        [1.0, 2.0]
    """
    return concat([expand_dims(node, axis) for node in as_nodes(values)], axis=axis)
