"""The Kullback-Leibler divergence: how many nats a model wastes on data that follow another distribution.

It is the cross-entropy less the entropy of the targets: the same for single classes, and 0 only where the model is
right for soft ones. The gradient is that of the cross-entropy.
"""

from backlit.graph.node import Node, Operand
from backlit.graph.ops import equal, log, log_softmax, logaddexp, sum, where
from backlit.graph.scope import call_scope
from backlit.nn.losses.checks import check_scores, class_targets
from backlit.nn.losses.classification import binary_targets
from backlit.nn.losses.reduction import Reduction, reduce_losses

__all__ = ["binary_kl_divergence", "kl_divergence"]


def _self_information(d: Node) -> Node:
    """Build d ln d, where 0 ln 0 = 0; the argument is guarded too, so that no infinite slope meets a 0."""
    positive = where(equal(d, 0.0), 1.0, d)
    return d * log(positive)


def kl_divergence(
    logits: Operand, targets: Operand, *, reduction: Reduction = "mean", sample_weights: Operand | None = None
) -> Node:
    """Measure how far a softmax is from a distribution: Σ_k d_k ln(d_k / softmax(z)_k), with 0 · ln 0 = 0.

    Its derivative with respect to the scores is softmax(z) - d. Kullback and Leibler, "On information and sufficiency"
    (1951).

    Args:
        logits: Scores of any size, floats of shape (..., classes).
        targets: Distributions over the classes, floats of the same shape; or integer labels of shape (...).
        reduction: ``"mean"`` over the rows, ``"sum"``, or ``"none"``.
        sample_weights: How much each row counts, of shape (...); the mean is Σ w l / Σ w.

    Returns:
        A node of shape (), or one divergence for each row.

    Raises:
        ArgumentError: If the scores are probabilities already.
        ShapeError: If targets and scores do not belong together.
        DTypeError: If targets are neither integers nor distributions.

    Example:
        >>> print(f"{kl_divergence([[0.0, 0.0]], [[0.5, 0.5]]).evaluate():.4f}")
        0.0000
        >>> print(f"{kl_divergence([[0.0, 0.0]], [[0.0, 1.0]]).evaluate():.4f}")
        0.6931
    """
    scores = check_scores("kl_divergence", logits)
    with call_scope("kl_divergence"):
        truth = class_targets("kl_divergence", scores, targets)
        d = truth.distribution
        losses = -sum(d * log_softmax(scores), axis=-1)
        if not truth.certain:
            losses = losses + sum(_self_information(d), axis=-1)
        return reduce_losses(losses, reduction, sample_weights)


def binary_kl_divergence(
    logits: Operand, targets: Operand, *, reduction: Reduction = "mean", sample_weights: Operand | None = None
) -> Node:
    """Measure how far a sigmoid is from a probability: d ln(d / σ(z)) + (1 - d) ln((1 - d) / (1 - σ(z))).

    Its derivative with respect to the score is σ(z) - d.

    Args:
        logits: Scores of any size, floats of any shape.
        targets: Of exactly the same shape: floats from 0 to 1, or integers 0 and 1, or booleans.
        reduction: ``"mean"`` over all elements, ``"sum"``, or ``"none"``.
        sample_weights: How much each example counts, of shape (rows,); the mean is Σ w l / Σ w.

    Returns:
        A node of shape (), or of the shape of the scores.

    Raises:
        ArgumentError: If the scores are probabilities already.
        ShapeError: If the shapes differ, even where they would broadcast.
        IndexRangeError: When the graph runs, if an integer target is neither 0 nor 1.

    Example:
        >>> print(f"{binary_kl_divergence([0.0], [0.5]).evaluate():.4f}")
        0.0000
    """
    scores = check_scores("binary_kl_divergence", logits)
    with call_scope("binary_kl_divergence"):
        yes = binary_targets("binary_kl_divergence", scores, targets)
        no = 1.0 - yes
        surprise = yes * logaddexp(-scores, 0.0) + no * logaddexp(scores, 0.0)
        return reduce_losses(surprise + _self_information(yes) + _self_information(no), reduction, sample_weights)
