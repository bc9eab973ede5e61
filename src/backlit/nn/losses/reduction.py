"""From a loss for each example to the single number that is minimised: mean, sum, or none; weighted or not."""

from typing import Literal, get_args

import numpy as np

from backlit.errors import ArgumentError, DTypeError, ShapeError
from backlit.graph.leaves import constant
from backlit.graph.node import Node, Operand
from backlit.graph.ops import broadcast_to, equal, mean, multiply, reshape, sum, where
from backlit.graph.spec import is_floating

__all__ = ["Reduction", "reduce_losses"]

Reduction = Literal["mean", "sum", "none"]
"""What becomes of the losses of single examples."""


def reduce_losses(
    losses: Node, reduction: Reduction, sample_weights: Operand | None = None, mass: Node | None = None
) -> Node:
    """Reduce the losses l_i of single examples: to Σ w_i l_i / Σ w_i, to Σ w_i l_i, or not at all, w_i l_i.

    A mean over weights that are all 0 is 0.

    Args:
        losses: A float for each example, of any shape.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        sample_weights: How much each example counts: floats of the shape of the losses, or of its first axes.
        mass: What the loss of each example weighs already, of the shape of the losses; 1 where it is None.

    Returns:
        A node of shape (), or of the shape of the losses.

    Raises:
        ArgumentError: If there is no such reduction.
        ShapeError: If the weights do not belong to the losses.
        DTypeError: If the weights are integers or booleans in a graph.

    Example:
        >>> import backlit as bl
        >>> float(reduce_losses(bl.constant([1.0, 4.0]), "mean", [3.0, 1.0]).evaluate())
        1.75
    """
    if reduction not in get_args(Reduction):
        raise ArgumentError(f"a reduction is 'mean', 'sum' or 'none'; received {reduction!r}")
    if sample_weights is not None:
        weights = _fit_weights(losses, sample_weights)
        losses = multiply(losses, weights)
        mass = broadcast_to(weights, losses.shape) if mass is None else multiply(mass, weights)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return sum(losses)
    if mass is None:
        return mean(losses)
    total = sum(mass)
    return sum(losses) / where(equal(total, 0.0), 1.0, total)


def _fit_weights(losses: Node, sample_weights: Operand) -> Node:
    weights = sample_weights if isinstance(sample_weights, Node) else _constant_weights(sample_weights, losses)
    if not is_floating(weights.dtype):
        raise DTypeError(
            f"sample weights are floats; received {weights!r}", instead='write bl.cast(weights, "float32")'
        )
    if weights.shape != losses.shape[: weights.rank]:
        raise ShapeError(
            f"the sample weights {weights!r} do not belong to losses of shape {list(losses.shape)}",
            why="there is one weight for each example, along the first axes of the losses",
            instead=f"give them the shape {list(losses.shape[:1]) or []}",
        )
    return reshape(weights, (*weights.shape, *(1,) * (losses.rank - weights.rank)))


def _constant_weights(sample_weights: Operand, losses: Node) -> Node:
    array = np.asarray(sample_weights)
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all() or (array < 0).any():
        raise ArgumentError(
            f"sample weights are finite numbers of at least 0; received {sample_weights!r}",
            why="a weight says how often an example counts",
        )
    return constant(array.astype(losses.dtype))
