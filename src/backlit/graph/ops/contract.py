"""The card of contraction: the batched product of matrices; and what is made of it: einsum, tensordot, outer."""

import math
from collections.abc import Sequence

from backlit.errors import DTypeError, ShapeError
from backlit.graph.node import OPERATORS, Application, Node, Operand
from backlit.graph.op import Op, Refusal, Sample, as_nodes, axis_of
from backlit.graph.ops.arithmetic import multiply
from backlit.graph.ops.reduce import sum
from backlit.graph.ops.shape import expand_dims, matrix_transpose, permute_dims, reshape, squeeze
from backlit.graph.scope import call_scope
from backlit.graph.shapes import broadcast_shapes
from backlit.graph.spec import Spec, promote

__all__ = ["einsum", "matmul", "outer", "tensordot", "vecdot"]


def _infer_matmul(x: Spec, y: Spec) -> Spec:
    dtype = promote(x.dtype, y.dtype)
    if dtype == "bool":
        raise DTypeError("matrices of booleans have no product", instead='write bl.cast(x, "float32")')
    if x.rank < 2 or y.rank < 2:
        raise ShapeError(f"{x} and {y} are not both matrices")
    if x.shape[-1] != y.shape[-2]:
        raise ShapeError(
            f"{list(x.shape)} and {list(y.shape)} have no product",
            why=f"each row of the first has {x.shape[-1]} elements, each column of the second {y.shape[-2]}",
            instead="transpose one of them with .T, or check which axis holds the features",
        )
    return Spec((*broadcast_shapes(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-1]), dtype)


def _matmul_tangent(z: Application, tangents: tuple[Node | None, ...]) -> Node | None:
    (x, y), (dx, dy) = z.arguments, tangents
    left = None if dx is None else _MATMUL(dx, y)
    right = None if dy is None else _MATMUL(x, dy)
    if left is None or right is None:
        return right if left is None else left
    return left + right


def _matmul_pullback(position: int, z: Application, upstream: Node) -> Node:
    x, y = z.arguments
    if position == 0:
        return _MATMUL(upstream, matrix_transpose(y))
    return _MATMUL(matrix_transpose(x), upstream)


_MATMUL = Op(
    name="matmul",
    formula=r"\sum_k x_{ik} \, y_{kj}",
    words="the matrix product of {x} and {y}",
    derivative=(r"y^{\mathsf T}", r"x^{\mathsf T}"),
    infer=_infer_matmul,
    pushforward=_matmul_tangent,
    pullback=_matmul_pullback,
    samples=(
        Sample((2, 3), (3, 4)),
        Sample((1, 1), (1, 1)),
        Sample((4, 2, 3), (4, 3, 2)),
        Sample((2, 1, 2, 3), (3, 3, 2)),
        Sample((2, 0), (0, 3)),
    ),
    refusals=(
        Refusal((Spec((2, 3), "float32"), Spec((2, 3), "float32")), {}, ShapeError, "have no product"),
        Refusal((Spec((2, 2), "float32"), Spec((2, 2), "int64")), {}, DTypeError, "do not mix"),
    ),
)


def matmul(x: Operand, y: Operand, /) -> Node:
    """Multiply matrices: (x y)_ij = Σ_k x_ik y_kj; a vector counts as a row on the left, as a column on the right.

    Args:
        x: Integers or floats of shape (..., n, k), or (k,).
        y: Values of the same kind of shape (..., k, m), or (k,). Axes before the last two broadcast.

    Returns:
        A node of shape (..., n, m), without the axis of a vector.

    Raises:
        ShapeError: If the inner lengths differ or an operand is a single number.
        DTypeError: If kinds are mixed.

    Example:
        >>> matmul([[1.0, 2.0]], [[3.0], [4.0]]).evaluate().tolist()
        [[11.0]]
    """
    left, right = as_nodes((x, y))
    if not left.rank or not right.rank:
        raise ShapeError(f"a single number has no matrix product: {left!r} @ {right!r}", instead="write x * y")
    row, column = left.rank == 1, right.rank == 1
    product = _MATMUL(expand_dims(left, 0) if row else left, expand_dims(right, 1) if column else right)
    return squeeze(product, (-2,) * row + (-1,) * column) if row or column else product


def vecdot(x: Operand, y: Operand, /, *, axis: int = -1) -> Node:
    """Multiply vectors: Σ_i x_i y_i along an axis.

    Args:
        x: Integers or floats.
        y: Values of the same kind, of a shape that broadcasts.
        axis: The axis.

    Returns:
        A node of the broadcast shape without the axis.

    Raises:
        ShapeError: If the shapes do not broadcast.
        DTypeError: If kinds are mixed.

    Example:
        >>> float(vecdot([1.0, 2.0], [3.0, 4.0]).evaluate())
        11.0
    """
    with call_scope("vecdot"):
        return sum(multiply(x, y), axis=axis)


def outer(x: Operand, y: Operand, /) -> Node:
    """Multiply every element of one vector with every element of another: x_i y_j.

    Args:
        x: Integers or floats of shape (n,).
        y: Values of the same kind of shape (m,).

    Returns:
        A node of shape (n, m).

    Raises:
        ShapeError: If an operand is not a vector.
        DTypeError: If kinds are mixed.

    Example:
        >>> outer([1.0, 2.0], [3.0, 4.0]).evaluate().tolist()
        [[3.0, 4.0], [6.0, 8.0]]
    """
    left, right = as_nodes((x, y))
    if left.rank != 1 or right.rank != 1:
        raise ShapeError(f"an outer product needs two vectors; received {left!r} and {right!r}")
    return multiply(expand_dims(left, 1), expand_dims(right, 0))


def tensordot(x: Operand, y: Operand, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Node:
    """Multiply and add up over several axes at once.

    Args:
        x: Integers or floats.
        y: Values of the same kind.
        axes: How many of the last axes of x meet the first of y, or the axes of each by name.

    Returns:
        A node with the axes of x that are left, then those of y.

    Raises:
        ShapeError: If axes that meet differ in length.
        DTypeError: If kinds are mixed.

    Example:
        >>> float(tensordot([[1.0, 2.0]], [[3.0, 4.0]]).evaluate())
        11.0
    """
    left, right = as_nodes((x, y))
    if isinstance(axes, int):
        axes = tuple(range(left.rank - axes, left.rank)), tuple(range(axes))
    ours = [axis_of(left, a) for a in axes[0]]
    theirs = [axis_of(right, a) for a in axes[1]]
    if [left.shape[a] for a in ours] != [right.shape[a] for a in theirs]:
        raise ShapeError(f"axes {ours} of {left!r} do not fit axes {theirs} of {right!r}")
    kept = [a for a in range(left.rank) if a not in ours]
    others = [a for a in range(right.rank) if a not in theirs]
    inner = math.prod(left.shape[a] for a in ours)
    with call_scope("tensordot"):
        rows = reshape(permute_dims(left, (*kept, *ours)), (math.prod(left.shape[a] for a in kept), inner))
        columns = reshape(permute_dims(right, (*theirs, *others)), (inner, math.prod(right.shape[a] for a in others)))
        shape = (*(left.shape[a] for a in kept), *(right.shape[a] for a in others))
        return reshape(_MATMUL(rows, columns), shape)


def _parse_einsum(formula: str, operands: tuple[Node, ...]) -> tuple[list[str], str]:
    """Split ``ij,jk->ik`` into the letters of each operand and of the result."""
    if not isinstance(formula, str) or any(not (c.isascii() and c.isalpha()) and c not in ",-> " for c in formula):
        raise ShapeError(
            f"einsum takes letters, commas and an arrow; received {formula!r}", instead="write 'ij,jk->ik'"
        )
    left, arrow, result = formula.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise ShapeError(f"{formula!r} names {len(terms)} operands; received {len(operands)}")
    letters = "".join(terms)
    if not arrow:
        result = "".join(sorted(a for a in set(letters) if letters.count(a) == 1))
    lengths: dict[str, int] = {}
    for term, node in zip(terms, operands, strict=True):
        if len(term) != node.rank or len(set(term)) != len(term):
            raise ShapeError(f"{term!r} does not name the {node.rank} axes of {node!r} once each")
        for letter, length in zip(term, node.shape, strict=True):
            if lengths.setdefault(letter, length) != length:
                raise ShapeError(f"axis {letter!r} of {formula!r} has lengths {lengths[letter]} and {length}")
    if set(result) - set(letters) or len(set(result)) != len(result):
        raise ShapeError(f"the result {result!r} of {formula!r} must name axes of the operands, each once")
    return terms, result


def _contract_pair(x: Node, a: str, y: Node, b: str, keep: set[str]) -> tuple[Node, str]:
    """Multiply two operands and add up over the axes that nothing else needs."""
    only_x = [c for c in a if c not in b and c not in keep]
    only_y = [c for c in b if c not in a and c not in keep]
    if only_x:
        x, a = sum(x, axis=[a.index(c) for c in only_x]), "".join(c for c in a if c not in only_x)
    if only_y:
        y, b = sum(y, axis=[b.index(c) for c in only_y]), "".join(c for c in b if c not in only_y)
    batch = [c for c in a if c in b and c in keep]
    inner = [c for c in a if c in b and c not in keep]
    rows = [c for c in a if c not in b]
    columns = [c for c in b if c not in a]
    length = dict(zip(a, x.shape, strict=True)) | dict(zip(b, y.shape, strict=True))
    size = {name: math.prod(length[c] for c in group) for name, group in (("i", inner), ("r", rows), ("c", columns))}
    batches = tuple(length[c] for c in batch)
    left = permute_dims(x, [a.index(c) for c in (*batch, *rows, *inner)])
    right = permute_dims(y, [b.index(c) for c in (*batch, *inner, *columns)])
    product = _MATMUL(reshape(left, (*batches, size["r"], size["i"])), reshape(right, (*batches, size["i"], size["c"])))
    names = "".join((*batch, *rows, *columns))
    return reshape(product, tuple(length[c] for c in names)), names


def einsum(formula: str, /, *operands: Operand) -> Node:
    """Multiply operands and add up over axes, as Einstein's convention writes it: ``"ij,jk->ik"``.

    Args:
        formula: For each operand one letter an axis, then an arrow and the axes of the result. Without an arrow, the
            axes that stand once, in alphabetical order.
        *operands: Integers or floats, contracted from left to right.

    Returns:
        A node with the axes named after the arrow.

    Raises:
        ShapeError: If the formula does not fit the operands.
        DTypeError: If kinds are mixed.

    Example:
        >>> einsum("ij,ij->i", [[1.0, 2.0]], [[3.0, 4.0]]).evaluate().tolist()
        [11.0]
    """
    nodes = as_nodes(operands)
    terms, result = _parse_einsum(formula, nodes)
    with call_scope("einsum"):
        value, names = nodes[0], terms[0]
        for position, (node, term) in enumerate(zip(nodes[1:], terms[1:], strict=True), start=1):
            keep = set(result).union(*terms[position + 1 :])
            value, names = _contract_pair(value, names, node, term, keep)
        spare = [names.index(c) for c in names if c not in result]
        if spare:
            value, names = sum(value, axis=spare), "".join(c for c in names if c in result)
        return permute_dims(value, [names.index(c) for c in result])


OPERATORS["matmul"] = matmul
