"""Activations as modules, for ``Sequential``: each applies the function of its name to its input.

Those with parameters or randomness of their own stand in ``adaptive_activations``.
"""

from collections.abc import Sequence

from backlit.errors import ArgumentError
from backlit.graph.node import Node
from backlit.graph.ops import atan, log_softmax, max, relu, sigmoid, softmax, tanh
from backlit.nn import activations
from backlit.nn.checks import check_count, check_number
from backlit.nn.module import Module

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Arctan",
    "HardSigmoid",
    "HardThreshold",
    "Identity",
    "LeakyReLU",
    "LogSoftmax",
    "Max",
    "MaxOverSubsets",
    "Maxout",
    "ReLU",
    "ScaledTanh",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
]


class Identity(Module):
    """Leave everything as it is: f(x) = x, with derivative 1.

    Example:
        >>> Identity().predict([[-1.0, 2.0]]).tolist()
        [[-1.0, 2.0]]
    """

    is_affine = True

    def forward(self, x: Node) -> Node:
        """Return x itself."""
        return x

    def formula(self, argument: str, path: str = "") -> str:
        """Write what it is applied to."""
        return argument


class ReLU(Module):
    """Rectify: max(0, x). Which slope is taken at 0 is chosen by ``bl.subgradients``.

    Fukushima, "Visual feature extraction by a multilayered network of analog threshold elements" (1969); Nair and
    Hinton, "Rectified linear units improve restricted Boltzmann machines" (2010).

    Example:
        >>> ReLU().predict([[-1.0, 2.0]]).tolist()
        [[0.0, 2.0]]
    """

    def forward(self, x: Node) -> Node:
        """Build ``bl.relu``."""
        return relu(x).named("a")


class LeakyReLU(Module):
    """Rectify with a small slope below 0; see ``leaky_relu``.

    Args:
        slope: The slope below 0.

    Raises:
        ArgumentError: If the slope is not a finite number.

    Example:
        >>> LeakyReLU(0.5).predict([[-1.0, 2.0]]).tolist()
        [[-0.5, 2.0]]
    """

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = check_number(slope, "LeakyReLU(slope=...)")

    def forward(self, x: Node) -> Node:
        """Build ``leaky_relu``."""
        return activations.leaky_relu(x, self.slope).named("a")


class ELU(Module):
    """Rectify with an exponential below 0; see ``elu``.

    Args:
        alpha: The value approached far below 0, negated.

    Raises:
        ArgumentError: If alpha is not a finite number.

    Example:
        >>> ELU().predict([[-1.0, 2.0]]).round(4).tolist()
        [[-0.6320..., 2.0]]
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = check_number(alpha, "ELU(alpha=...)")

    def forward(self, x: Node) -> Node:
        """Build ``elu``."""
        return activations.elu(x, self.alpha).named("a")


class SELU(Module):
    """Scale an ELU so that layers keep mean 0 and variance 1; see ``selu``.

    Example:
        >>> round(float(SELU().predict([1.0])[0]), 4)
        1.0507
    """

    def forward(self, x: Node) -> Node:
        """Build ``selu``."""
        return activations.selu(x).named("a")


class GELU(Module):
    """Weigh each element by the normal distribution; see ``gelu``.

    Example:
        >>> round(float(GELU().predict([1.0])[0]), 4)
        0.8413
    """

    def forward(self, x: Node) -> Node:
        """Build ``gelu``."""
        return activations.gelu(x).named("a")


class SiLU(Module):
    """Let each element pass its own gate; see ``silu``.

    Example:
        >>> round(float(SiLU().predict([1.0])[0]), 4)
        0.7311
    """

    def forward(self, x: Node) -> Node:
        """Build ``silu``."""
        return activations.silu(x).named("a")


class Softplus(Module):
    """Smooth the rectifier; see ``softplus``.

    Example:
        >>> round(float(Softplus().predict([0.0])[0]), 4)
        0.6931
    """

    def forward(self, x: Node) -> Node:
        """Build ``softplus``."""
        return activations.softplus(x).named("a")


class Softsign(Module):
    """Squash each element to x / (1 + |x|); see ``softsign``.

    Example:
        >>> Softsign().predict([1.0, -3.0]).tolist()
        [0.5, -0.75]
    """

    def forward(self, x: Node) -> Node:
        """Build ``softsign``."""
        return activations.softsign(x).named("a")


class Sigmoid(Module):
    """Squash each element to 1 / (1 + e^-x), from 0 to 1, with derivative σ (1 - σ).

    Example:
        >>> Sigmoid().predict([0.0]).tolist()
        [0.5]
    """

    def forward(self, x: Node) -> Node:
        """Build ``bl.sigmoid``."""
        return sigmoid(x).named("a")


class HardSigmoid(Module):
    """Approximate the sigmoid by three straight pieces; see ``hard_sigmoid``.

    Example:
        >>> HardSigmoid().predict([-4.0, 0.0, 4.0]).tolist()
        [0.0, 0.5, 1.0]
    """

    def forward(self, x: Node) -> Node:
        """Build ``hard_sigmoid``."""
        return activations.hard_sigmoid(x).named("a")


class Tanh(Module):
    """Squash each element to its hyperbolic tangent, from -1 to 1, with derivative 1 - tanh².

    Example:
        >>> Tanh().predict([0.0]).tolist()
        [0.0]
    """

    def forward(self, x: Node) -> Node:
        """Build ``bl.tanh``."""
        return tanh(x).named("a")


class ScaledTanh(Module):
    """Scale the hyperbolic tangent so that ±1 are mapped to ±1; see ``scaled_tanh``.

    Example:
        >>> round(float(ScaledTanh().predict([1.0])[0]), 3)
        1.0
    """

    def forward(self, x: Node) -> Node:
        """Build ``scaled_tanh``."""
        return activations.scaled_tanh(x).named("a")


class Arctan(Module):
    """Squash each element to its arctangent, from -π/2 to π/2, with derivative 1 / (1 + x²).

    Example:
        >>> round(float(Arctan().predict([1e9])[0]), 4)
        1.5708
    """

    def forward(self, x: Node) -> Node:
        """Build ``bl.atan``."""
        return atan(x).named("a")


class HardThreshold(Module):
    """Fire or not: 1 where x ≥ 0, else 0. Nothing upstream of it can learn by gradients; see ``hard_threshold``.

    Example:
        >>> HardThreshold().predict([-0.5, 0.0]).tolist()
        [0.0, 1.0]
    """

    def forward(self, x: Node) -> Node:
        """Build ``hard_threshold``."""
        return activations.hard_threshold(x).named("a")


class _AlongAxis(Module):
    """What works on the vectors along one axis."""

    def __init__(self, axis: int = -1) -> None:
        if isinstance(axis, bool) or not isinstance(axis, int):
            raise ArgumentError(f"{type(self).__name__}(axis=...) is an integer; received {axis!r}")
        self.axis = axis


class Softmax(_AlongAxis):
    """Turn scores into probabilities that add up to 1: e^{x_i} / Σ_j e^{x_j}.

    As the last layer it is for looking, not for training: the losses take scores, and apply it themselves.

    Args:
        axis: The axis whose elements compete.

    Raises:
        ArgumentError: If the axis is not an integer.

    Example:
        >>> Softmax().predict([[0.0, 0.0]]).tolist()
        [[0.5, 0.5]]
    """

    def forward(self, x: Node) -> Node:
        """Build ``bl.softmax``."""
        return softmax(x, axis=self.axis).named("a")


class LogSoftmax(_AlongAxis):
    """Turn scores into logarithms of probabilities: x_i - ln Σ_j e^{x_j}.

    Args:
        axis: The axis whose elements compete.

    Raises:
        ArgumentError: If the axis is not an integer.

    Example:
        >>> LogSoftmax().predict([[0.0, 0.0]]).round(3).tolist()
        [[-0.693..., -0.693...]]
    """

    def forward(self, x: Node) -> Node:
        """Build ``bl.log_softmax``."""
        return log_softmax(x, axis=self.axis).named("a")


class Max(_AlongAxis):
    """Keep the largest of a vector: y = max_i x_i. Which slope is taken at ties is chosen by ``bl.subgradients``.

    Args:
        axis: The axis that is reduced.

    Raises:
        ArgumentError: If the axis is not an integer.

    Example:
        >>> Max().predict([[1.0, 2.0, 3.0]]).tolist()
        [3.0]
    """

    def forward(self, x: Node) -> Node:
        """Build ``bl.max``."""
        return max(x, axis=self.axis).named("a")


class Maxout(Module):
    """Keep the largest of each group of features that stand side by side; see ``maxout``.

    Args:
        pieces: How many features make a group.

    Raises:
        ArgumentError: If it is not at least 1.

    Example:
        >>> Maxout(2).predict([[1.0, 5.0, 3.0, 2.0]]).tolist()
        [[5.0, 3.0]]
    """

    def __init__(self, pieces: int) -> None:
        self.pieces = check_count(pieces, "Maxout(pieces=...)")

    def forward(self, x: Node) -> Node:
        """Build ``maxout``."""
        return activations.maxout(x, self.pieces).named("a")


class MaxOverSubsets(Module):
    """Take the largest over each of several subsets of the features, as max-pooling does; see ``max_over_subsets``.

    Args:
        subsets: The indices of the features in each subset.

    Raises:
        ArgumentError: If there is no subset, or an index is not a whole number of at least 0.

    Example:
        >>> MaxOverSubsets([(0, 1), (1, 2)]).predict([[4.0, 1.0, 3.0]]).tolist()
        [[4.0, 3.0]]
    """

    def __init__(self, subsets: Sequence[Sequence[int]]) -> None:
        what = "an index of MaxOverSubsets(subsets=...)"
        if not isinstance(subsets, (list, tuple)) or not subsets:
            raise ArgumentError(f"MaxOverSubsets(subsets=...) is a list of lists of indices; received {subsets!r}")
        self.subsets = tuple(tuple(check_count(index, what, 0) for index in _listed(subset)) for subset in subsets)

    def forward(self, x: Node) -> Node:
        """Build ``max_over_subsets``."""
        return activations.max_over_subsets(x, self.subsets).named("a")


def _listed(subset: object) -> Sequence[object]:
    if not isinstance(subset, (list, tuple, range)) or not subset:
        raise ArgumentError(f"a subset is a list of at least one index; received {subset!r}")
    return subset
