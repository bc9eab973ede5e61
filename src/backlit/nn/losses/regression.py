"""Losses of numbers: how far a prediction is from its target.

Conventions differ by constant factors, and a factor of the loss is a factor of the learning rate; so each formula here
is meant to the letter: ``squared_error`` has no 1/2, ``huber`` has one.
"""

from backlit.graph.node import Node, Operand
from backlit.graph.ops import abs, minimum, square
from backlit.graph.scope import call_scope
from backlit.nn.checks import check_number
from backlit.nn.losses.checks import check_pair
from backlit.nn.losses.reduction import Reduction, reduce_losses

__all__ = ["absolute_error", "huber", "squared_error"]


def squared_error(
    predictions: Operand, targets: Operand, *, reduction: Reduction = "mean", sample_weights: Operand | None = None
) -> Node:
    """Square the distance to the target: (ŷ - y)², without a factor 1/2, so that its derivative is 2 (ŷ - y).

    Legendre (1805); Gauss (1809).

    Args:
        predictions: Floats of any shape.
        targets: Floats of exactly the same shape.
        reduction: ``"mean"`` over all elements, ``"sum"``, or ``"none"``.
        sample_weights: How much each example counts, of shape (rows,); the mean is Σ w l / Σ w.

    Returns:
        A node of shape (), or of the shape of the predictions.

    Raises:
        ShapeError: If the shapes differ, even where they would broadcast.
        DTypeError: If predictions or targets are not floats.

    Example:
        >>> float(squared_error([1.0, 2.0], [1.0, 4.0]).evaluate())
        2.0
    """
    prediction, target = check_pair("squared_error", predictions, targets)
    with call_scope("squared_error"):
        return reduce_losses(square(prediction - target), reduction, sample_weights)


def absolute_error(
    predictions: Operand, targets: Operand, *, reduction: Reduction = "mean", sample_weights: Operand | None = None
) -> Node:
    """Take the distance to the target: |ŷ - y|, which is smallest at the median.

    Args:
        predictions: Floats of any shape.
        targets: Floats of exactly the same shape.
        reduction: ``"mean"`` over all elements, ``"sum"``, or ``"none"``.
        sample_weights: How much each example counts, of shape (rows,); the mean is Σ w l / Σ w.

    Returns:
        A node of shape (), or of the shape of the predictions. At ŷ = y there is a kink, see ``bl.subgradients``.

    Raises:
        ShapeError: If the shapes differ, even where they would broadcast.
        DTypeError: If predictions or targets are not floats.

    Example:
        >>> float(absolute_error([1.0, 2.0], [1.0, 4.0]).evaluate())
        1.0
    """
    prediction, target = check_pair("absolute_error", predictions, targets)
    with call_scope("absolute_error"):
        return reduce_losses(abs(prediction - target), reduction, sample_weights)


def huber(
    predictions: Operand,
    targets: Operand,
    *,
    delta: float = 1.0,
    reduction: Reduction = "mean",
    sample_weights: Operand | None = None,
) -> Node:
    """Square small distances and take large ones as they are: e²/2 where e = |ŷ - y| ≤ δ, else δ (e - δ/2).

    It is built as c (e - c/2) with c = min(e, δ), whose derivative is right at every point. Huber, "Robust estimation
    of a location parameter" (1964).

    Args:
        predictions: Floats of any shape.
        targets: Floats of exactly the same shape.
        delta: Where the square ends, above 0.
        reduction: ``"mean"`` over all elements, ``"sum"``, or ``"none"``.
        sample_weights: How much each example counts, of shape (rows,); the mean is Σ w l / Σ w.

    Returns:
        A node of shape (), or of the shape of the predictions.

    Raises:
        ShapeError: If the shapes differ, even where they would broadcast.
        DTypeError: If predictions or targets are not floats.
        ArgumentError: If delta is not above 0.

    Example:
        >>> huber([0.5, 3.0], [0.0, 0.0], reduction="none").evaluate().tolist()
        [0.125, 2.5]
    """
    prediction, target = check_pair("huber", predictions, targets)
    bound = check_number(delta, "huber(delta=...)", 0.0, open_low=True)
    with call_scope("huber"):
        distance = abs(prediction - target)
        capped = minimum(distance, bound)
        return reduce_losses(capped * (distance - 0.5 * capped), reduction, sample_weights)
