"""Activation functions beyond the ops (``bl.relu``, ``bl.sigmoid``, ``bl.tanh``, ``bl.atan``, ``bl.softmax``).

Each is made of ops inside a box of its own name, is finite for arguments of any size that its float type holds well
(±1e4 and far beyond), and has the true derivative wherever one exists, 0 included. Where there is a kink it stands in a
``relu`` or a ``clip``, so that ``subgradients`` governs it and a trace reports it.
"""

import builtins
import math
from collections.abc import Sequence

import numpy as np

from backlit.errors import ArgumentError, DTypeError, ShapeError
from backlit.graph.node import Node, Operand
from backlit.graph.op import as_nodes
from backlit.graph.ops import (
    abs,
    cast,
    clip,
    concat,
    erf,
    expm1,
    greater_equal,
    logaddexp,
    max,
    relu,
    reshape,
    sigmoid,
    take,
    tanh,
)
from backlit.graph.scope import call_scope
from backlit.graph.spec import is_floating
from backlit.nn.checks import check_count

__all__ = [
    "elu",
    "gelu",
    "hard_sigmoid",
    "hard_threshold",
    "leaky_relu",
    "max_over_subsets",
    "maxout",
    "scaled_tanh",
    "selu",
    "silu",
    "softplus",
    "softsign",
]

_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def _floats(x: Operand, name: str) -> Node:
    (node,) = as_nodes((x,))
    if not is_floating(node.dtype):
        raise DTypeError(f"{name} takes floats; received {node!r}", instead='write bl.cast(x, "float32") around it')
    return node


def softplus(x: Operand, /) -> Node:
    """Smooth the rectifier: ln(1 + e^x), whose derivative is the sigmoid.

    Dugas, Bengio, Bélisle, Nadeau and Garcia, "Incorporating second-order functional knowledge for better option
    pricing" (2001).

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape, above 0.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> print(f"{softplus(0.0).evaluate():.6f} {softplus(1e4).evaluate():.1f}")
        0.693147 10000.0
    """
    node = _floats(x, "softplus")
    with call_scope("softplus"):
        return logaddexp(node, 0.0)


def softsign(x: Operand, /) -> Node:
    """Squash each element: x / (1 + |x|), from -1 to 1, with derivative 1 / (1 + |x|)².

    Bergstra, Desjardins, Lamblin and Bengio, "Quadratic polynomials learn better image features" (2009).

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> float(softsign(3.0).evaluate())
        0.75
    """
    node = _floats(x, "softsign")
    with call_scope("softsign"):
        return node / (1.0 + abs(node))


def silu(x: Operand, /) -> Node:
    """Let each element pass its own gate: x · σ(x), also called swish.

    Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units" (2018); Ramachandran, Zoph and Le, "Searching for
    activation functions" (2017).

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> print(f"{silu(1.0).evaluate():.6f}")
        0.731059
    """
    node = _floats(x, "silu")
    with call_scope("silu"):
        return node * sigmoid(node)


def gelu(x: Operand, /) -> Node:
    """Weigh each element by how many of a normal distribution lie below it: x · Φ(x) = x/2 · (1 + erf(x/√2)).

    Hendrycks and Gimpel, "Gaussian error linear units" (2016); the exact form.

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> print(f"{gelu(1.0).evaluate():.6f}")
        0.841345
    """
    node = _floats(x, "gelu")
    with call_scope("gelu"):
        return 0.5 * node * (1.0 + erf(node * math.sqrt(0.5)))


def leaky_relu(x: Operand, /, slope: Operand = 0.01) -> Node:
    """Rectify with a small slope below 0: x where x > 0, else a·x.

    It is built as max(0, x) + a (x - max(0, x)), so that the slope taken at 0 is between a and 1 by the choice for
    ``relu``. Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013).

    Args:
        x: Floats of any shape.
        slope: The slope a below 0: a number, or a node of a shape that broadcasts.

    Returns:
        A node of the same shape.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> leaky_relu([-1.0, 2.0], 0.5).evaluate().tolist()
        [-0.5, 2.0]
    """
    node = _floats(x, "leaky_relu")
    with call_scope("leaky_relu"):
        positive = relu(node)
        return positive + slope * (node - positive)


def elu(x: Operand, /, alpha: float = 1.0) -> Node:
    """Rectify with an exponential below 0: x where x > 0, else α (e^x - 1); smooth at 0 if α = 1.

    Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units" (2016).

    Args:
        x: Floats of any shape.
        alpha: The value approached far below 0, negated.

    Returns:
        A node of the same shape.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> print(f"{elu(-1.0).evaluate():.6f} {elu(2.0).evaluate():.1f}")
        -0.632121 2.0
    """
    node = _floats(x, "elu")
    with call_scope("elu"):
        positive = relu(node)
        return positive + alpha * expm1(node - positive)


def selu(x: Operand, /) -> Node:
    """Scale an ELU so that layers keep mean 0 and variance 1: λ · elu(x, α), λ = 1.0507…, α = 1.6733….

    Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing neural networks" (2017). It asks for ``LeCunNormal``
    weights.

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> print(f"{selu(1.0).evaluate():.6f} {selu(-100.0).evaluate():.6f}")
        1.050701 -1.758099
    """
    node = _floats(x, "selu")
    with call_scope("selu"):
        return _SELU_SCALE * elu(node, _SELU_ALPHA)


def hard_sigmoid(x: Operand, /) -> Node:
    """Approximate the sigmoid by three straight pieces: min(max(x/6 + 1/2, 0), 1).

    After Courbariaux, Bengio and David, "BinaryConnect" (2015), with the slope 1/6 of PyTorch and of MobileNetV3
    (Howard et al., 2019).

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape, from 0 to 1.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> hard_sigmoid([-4.0, 0.0, 4.0]).evaluate().tolist()
        [0.0, 0.5, 1.0]
    """
    node = _floats(x, "hard_sigmoid")
    with call_scope("hard_sigmoid"):
        return clip(node / 6.0 + 0.5, 0.0, 1.0)


def scaled_tanh(x: Operand, /) -> Node:
    """Scale the hyperbolic tangent so that ±1 are mapped to ±1: 1.7159 tanh(2x/3).

    LeCun, Bottou, Orr and Müller, "Efficient BackProp" (1998), section 4.4.

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape, from -1.7159 to 1.7159.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> print(f"{scaled_tanh(1.0).evaluate():.3f}")
        1.000
    """
    node = _floats(x, "scaled_tanh")
    with call_scope("scaled_tanh"):
        return 1.7159 * tanh(node * (2.0 / 3.0))


def hard_threshold(x: Operand, /) -> Node:
    """Fire or not: 1 where x ≥ 0, else 0. Its derivative is 0 and at 0 does not exist: nothing upstream can learn.

    McCulloch and Pitts, "A logical calculus of the ideas immanent in nervous activity" (1943).

    Args:
        x: Floats of any shape.

    Returns:
        A node of the same shape and data type.

    Raises:
        DTypeError: If the values are not floats.

    Example:
        >>> hard_threshold([-0.5, 0.0, 2.0]).evaluate().tolist()
        [0.0, 1.0, 1.0]
    """
    node = _floats(x, "hard_threshold")
    with call_scope("hard_threshold"):
        return cast(greater_equal(node, 0.0), node.dtype)


def maxout(x: Operand, /, pieces: int) -> Node:
    """Keep the largest of each group of features that stand side by side.

    Goodfellow, Warde-Farley, Mirza, Courville and Bengio, "Maxout networks" (2013).

    Args:
        x: Floats of shape (..., features).
        pieces: How many features make a group.

    Returns:
        A node of shape (..., features / pieces).

    Raises:
        ShapeError: If the features do not fall into groups of that size.
        DTypeError: If the values are not floats.

    Example:
        >>> maxout([1.0, 5.0, 3.0, 2.0], 2).evaluate().tolist()
        [5.0, 3.0]
    """
    node = _floats(x, "maxout")
    size = check_count(pieces, "maxout(pieces=...)")
    if node.rank == 0 or node.shape[-1] % size:
        raise ShapeError(
            f"maxout cannot divide {node!r} into groups of {size}",
            why="the length of the last axis must be a multiple of the size of a group",
        )
    with call_scope("maxout"):
        return max(reshape(node, (*node.shape[:-1], node.shape[-1] // size, size)), axis=-1)


def max_over_subsets(x: Operand, /, subsets: Sequence[Sequence[int]]) -> Node:
    """Take the largest over each of several subsets of the features, which may overlap: y_k = max over i in S_k of x_i.

    This is what max-pooling is for a vector; the gradient of each result goes to the winner of its subset alone.

    Args:
        x: Floats of shape (..., features).
        subsets: The indices of the features in each subset.

    Returns:
        A node of shape (..., number of subsets).

    Raises:
        ArgumentError: If a subset is empty or names a feature twice, or one that does not exist.
        ShapeError: If there is no axis of features.
        DTypeError: If the values are not floats.

    Example:
        >>> max_over_subsets([4.0, 1.0, 3.0], [(0, 1), (1, 2)]).evaluate().tolist()
        [4.0, 3.0]
    """
    node = _floats(x, "max_over_subsets")
    if node.rank == 0:
        raise ShapeError(f"max_over_subsets takes a vector of features; received the single number {node!r}")
    chosen = [_check_subset(subset, node) for subset in subsets]
    if not chosen:
        raise ArgumentError("max_over_subsets needs at least one subset")
    with call_scope("max_over_subsets"):
        if len({len(subset) for subset in chosen}) == 1:
            return max(take(node, np.array(chosen), axis=-1), axis=-1)
        largest = [max(take(node, np.array(subset), axis=-1), axis=-1, keepdims=True) for subset in chosen]
        return concat(largest, axis=-1)


def _check_subset(subset: Sequence[int], node: Node) -> list[int]:
    indices = [check_count(index, "an index of a subset", 0) for index in subset]
    if not indices or len(set(indices)) < len(indices) or builtins.max(indices) >= node.shape[-1]:
        raise ArgumentError(
            f"{list(subset)} is no subset of the {node.shape[-1]} features of {node!r}",
            why="a subset names at least one feature, each once, from 0 to before their number",
        )
    return indices
