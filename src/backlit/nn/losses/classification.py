"""Losses of classes: how surprising the truth is to a model, or by how much it beats the other answers.

They take scores ("logits") of any size and apply softmax or sigmoid themselves, in one piece with the logarithm. All
logarithms are natural. Targets are integer labels, or distributions over the classes.
"""

import numpy as np
import numpy.typing as npt

from backlit.errors import DTypeError, ShapeError
from backlit.graph.node import Node, Operand
from backlit.graph.op import as_nodes
from backlit.graph.ops import (
    cast,
    equal,
    log,
    log_softmax,
    logaddexp,
    maximum,
    multiply,
    one_hot,
    relu,
    sum,
    where,
)
from backlit.graph.scope import call_scope
from backlit.graph.spec import is_floating, is_integer
from backlit.nn.checks import check_number
from backlit.nn.losses.checks import check_pair, check_scores, class_targets, class_weighting
from backlit.nn.losses.reduction import Reduction, reduce_losses

__all__ = ["binary_cross_entropy", "binary_targets", "cross_entropy", "hinge", "negative_log_likelihood"]


def cross_entropy(
    logits: Operand,
    labels: Operand,
    *,
    label_smoothing: float = 0.0,
    class_weights: npt.ArrayLike | None = None,
    reduction: Reduction = "mean",
    sample_weights: Operand | None = None,
) -> Node:
    """Measure the surprise at the true class: -Σ_k y_k ln softmax(z)_k, with derivative softmax(z) - y.

    With class weights c each term is multiplied by c_k, and the mean is Σ_i w_i Σ_k c_k y_ik (-ln p_ik) divided by
    Σ_i w_i Σ_k c_k y_ik. Label smoothing replaces y by (1 - ε) y + ε / classes (Szegedy, Vanhoucke, Ioffe, Shlens and
    Wojna, "Rethinking the Inception architecture", 2016).

    Args:
        logits: Scores of any size, floats of shape (..., classes).
        labels: Integers of shape (...), from 0 to before the number of classes; or distributions over the classes,
            floats of the shape of the scores.
        label_smoothing: The share ε that is spread over all classes, from 0 to 1.
        class_weights: How much each class counts, one number for each.
        reduction: ``"mean"`` over the rows, ``"sum"``, or ``"none"``.
        sample_weights: How much each row counts, of shape (...).

    Returns:
        A node of shape (), or one loss for each row.

    Raises:
        ArgumentError: If the scores are probabilities already, or a setting is outside what is allowed.
        ShapeError: If labels and scores do not belong together.
        DTypeError: If labels are neither integers nor distributions.
        IndexRangeError: When the graph runs, if a label is no class.

    Example:
        >>> print(f"{cross_entropy([[3.2, 5.1, -1.7]], [0]).evaluate():.4f}")
        2.0404
    """
    scores = check_scores("cross_entropy", logits)
    share = check_number(label_smoothing, "cross_entropy(label_smoothing=...)", 0.0, 1.0)
    with call_scope("cross_entropy"):
        truth = class_targets("cross_entropy", scores, labels).distribution
        if share:
            truth = (1.0 - share) * truth + share / scores.shape[-1]
        mass = None
        if class_weights is not None:
            truth = truth * class_weighting("cross_entropy", class_weights, scores.shape[-1], scores.dtype)
            mass = sum(truth, axis=-1)
        losses = -sum(truth * log_softmax(scores), axis=-1)
        return reduce_losses(losses, reduction, sample_weights, mass)


def negative_log_likelihood(
    probabilities: Operand,
    targets: Operand,
    *,
    reduction: Reduction = "mean",
    sample_weights: Operand | None = None,
) -> Node:
    """Measure the surprise at the true class, from probabilities: -Σ_k y_k ln ŷ_k, where 0 · ln 0 = 0.

    A probability of 0 counts as the smallest normal number of its data type, so that the loss stays finite: at most
    87.3 in float32, 708.4 in float64. From scores take ``cross_entropy``, which loses no digits.

    Args:
        probabilities: Floats of shape (..., classes), from 0 to 1.
        targets: Integer labels of shape (...), or distributions of the shape of the probabilities.
        reduction: ``"mean"`` over the rows, ``"sum"``, or ``"none"``.
        sample_weights: How much each row counts, of shape (...); the mean is Σ w l / Σ w.

    Returns:
        A node of shape (), or one loss for each row.

    Raises:
        ShapeError: If targets and probabilities do not belong together.
        DTypeError: If the probabilities are not floats, or labels neither integers nor distributions.

    Example:
        >>> print(f"{negative_log_likelihood([[0.0, 0.5, 0.5]], [1]).evaluate():.6f}")
        0.693147
    """
    (given,) = as_nodes((probabilities,))
    if not is_floating(given.dtype):
        raise DTypeError(f"negative_log_likelihood takes probabilities that are floats; received {given!r}")
    with call_scope("negative_log_likelihood"):
        truth = class_targets("negative_log_likelihood", given, targets).distribution
        smallest = float(np.finfo(given.dtype).tiny)
        surprise = -log(maximum(given, smallest))
        # Where the target is 0 nothing is asked, so that no probability of 0 sends an infinite slope up.
        losses = sum(where(equal(truth, 0.0), 0.0, truth * surprise), axis=-1)
        return reduce_losses(losses, reduction, sample_weights)


def binary_targets(loss: str, scores: Node, targets: Operand) -> Node:
    """Return yes-or-no targets as floats of the shape of the scores.

    Args:
        loss: The name of the loss, for messages.
        scores: Floats of any shape.
        targets: Floats from 0 to 1; or integers, each 0 or 1, any other being an error when the graph runs; or
            booleans.

    Returns:
        A node of the shape and data type of the scores.

    Raises:
        ShapeError: If the shapes differ, even where they would broadcast.

    Example:
        >>> import backlit as bl
        >>> binary_targets("binary_cross_entropy", bl.constant([0.0, 0.0]), [1, 0]).evaluate().tolist()
        [1.0, 0.0]
    """
    (node,) = as_nodes((targets,))
    if is_integer(node.dtype):
        node = one_hot(node, 2, dtype=scores.dtype)[..., 1]
    elif not is_floating(node.dtype):
        node = cast(node, scores.dtype)
    return check_pair(loss, scores, node)[1]


def binary_cross_entropy(
    logits: Operand,
    targets: Operand,
    *,
    class_weights: npt.ArrayLike | None = None,
    reduction: Reduction = "mean",
    sample_weights: Operand | None = None,
) -> Node:
    """Measure the surprise at a yes or no: -t ln σ(z) - (1 - t) ln(1 - σ(z)), with derivative σ(z) - t.

    It is built as t · ln(1 + e^-z) + (1 - t) · ln(1 + e^z). With class weights (c₀, c₁) the second term is multiplied
    by c₀ and the first by c₁, and the mean is divided by Σ w (c₁ t + c₀ (1 - t)).

    Args:
        logits: Scores of any size, floats of any shape: above 0 for yes.
        targets: Of exactly the same shape: floats from 0 to 1, or integers 0 and 1, or booleans.
        class_weights: How much a no and a yes count, two numbers.
        reduction: ``"mean"`` over all elements, ``"sum"``, or ``"none"``.
        sample_weights: How much each example counts, of shape (rows,).

    Returns:
        A node of shape (), or of the shape of the scores.

    Raises:
        ArgumentError: If the scores are probabilities already, or a setting is outside what is allowed.
        ShapeError: If the shapes differ, even where they would broadcast.
        IndexRangeError: When the graph runs, if an integer target is neither 0 nor 1.

    Example:
        >>> print(f"{binary_cross_entropy([0.0, 2.0], [1, 1]).evaluate():.4f}")
        0.4100
    """
    scores = check_scores("binary_cross_entropy", logits)
    with call_scope("binary_cross_entropy"):
        yes = binary_targets("binary_cross_entropy", scores, targets)
        no = 1.0 - yes
        mass = None
        if class_weights is not None:
            weights = class_weighting("binary_cross_entropy", class_weights, 2, scores.dtype)
            yes, no = yes * weights[1], no * weights[0]
            mass = yes + no
        losses = yes * logaddexp(-scores, 0.0) + no * logaddexp(scores, 0.0)
        return reduce_losses(losses, reduction, sample_weights, mass)


def hinge(
    scores: Operand,
    targets: Operand,
    *,
    margin: float = 1.0,
    reduction: Reduction = "mean",
    sample_weights: Operand | None = None,
) -> Node:
    """Ask the right answer to win by a margin m: max(0, m - t s), or over classes Σ_{j≠y} max(0, m + s_j - s_y).

    Cortes and Vapnik, "Support-vector networks" (1995); for several classes Weston and Watkins, "Support vector
    machines for multi-class pattern recognition" (1999).

    Args:
        scores: Floats of any shape; for several classes of shape (..., classes).
        targets: Floats -1 and 1 of the shape of the scores; or integer labels of shape (...).
        margin: The margin, above 0.
        reduction: ``"mean"``, ``"sum"``, or ``"none"``.
        sample_weights: How much each example counts; the mean is Σ w l / Σ w.

    Returns:
        A node of shape (), or of the shape of the targets.

    Raises:
        ShapeError: If targets and scores do not belong together.
        DTypeError: If scores are not floats.
        ArgumentError: If the margin is not above 0.

    Example:
        >>> float(hinge([[3.0, 5.0, -2.0]], [0]).evaluate()), float(hinge([0.5], [-1.0]).evaluate())
        (3.0, 1.5)
    """
    (given,), (wanted,) = as_nodes((scores,)), as_nodes((targets,))
    least = check_number(margin, "hinge(margin=...)", 0.0, open_low=True)
    if not is_floating(given.dtype):
        raise DTypeError(f"hinge takes scores that are floats; received {given!r}")
    with call_scope("hinge"):
        if not is_integer(wanted.dtype):
            given, wanted = check_pair("hinge", given, wanted)
            return reduce_losses(relu(least - wanted * given), reduction, sample_weights)
        if wanted.shape == given.shape:
            raise ShapeError(
                f"hinge received scores {given!r} and integer targets {wanted!r}",
                why="integers are labels, one for each row of scores; -1 and 1 for each score are floats",
                instead=f'write bl.cast(targets, "{given.dtype}")',
            )
        truth = class_targets("hinge", given, wanted).distribution
        right = sum(multiply(truth, given), axis=-1, keepdims=True)
        losses = sum((1.0 - truth) * relu(least + given - right), axis=-1)
        return reduce_losses(losses, reduction, sample_weights)
