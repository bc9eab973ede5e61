"""What a loss may be given: predictions and targets that belong together, scores where scores are meant.

A loss that broadcasts, or that takes probabilities for scores, still trains, only worse; so these are errors here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backlit.errors import ArgumentError, DTypeError, ShapeError
from backlit.graph.leaves import constant
from backlit.graph.node import Application, Node, Operand
from backlit.graph.op import as_nodes
from backlit.graph.ops import one_hot
from backlit.graph.spec import is_floating, is_integer

__all__ = ["ClassTargets", "check_pair", "check_scores", "class_targets", "class_weighting"]

_PASSED_THROUGH = frozenset({"reshape", "permute_dims", "cast", "slice", "stop_gradient"})
"""Ops that move values about and leave them what they are."""


def check_pair(loss: str, predictions: Operand, targets: Operand) -> tuple[Node, Node]:
    """Return predictions and targets of exactly the same shape, both floats.

    Args:
        loss: The name of the loss, for messages.
        predictions: What the model says.
        targets: What it should say.

    Returns:
        Both as nodes.

    Raises:
        ShapeError: If their shapes differ, even where they would broadcast.
        DTypeError: If one is not made of floats.

    Example:
        >>> check_pair("squared_error", [1.0, 2.0], [3.0, 4.0])[1].shape
        (2,)
    """
    (prediction,), (target,) = as_nodes((predictions,)), as_nodes((targets,))
    for what, node in (("predictions", prediction), ("targets", target)):
        if not is_floating(node.dtype):
            raise DTypeError(
                f"{loss} takes {what} that are floats; received {node!r}",
                why="a change of kind (bool, integer, float) is never made silently",
                instead=f'write bl.cast({what}, "{prediction.dtype if is_floating(prediction.dtype) else "float32"}"), '
                "or convert the array first; for labels of classes take cross_entropy",
            )
    if prediction.shape != target.shape:
        raise ShapeError(
            f"{loss} received predictions of shape {list(prediction.shape)} and targets of shape {list(target.shape)}",
            why=_why_shapes(prediction.shape, target.shape),
            instead=_instead_shapes(prediction.shape, target.shape),
        )
    return prediction, target


def _why_shapes(predictions: tuple[int, ...], targets: tuple[int, ...]) -> str:
    try:
        joint = list(np.broadcast_shapes(predictions, targets))
    except ValueError:
        return "each prediction is compared with the target at its own place"
    return f"they would broadcast to {joint}, and every prediction would be compared with other examples' targets"


def _instead_shapes(predictions: tuple[int, ...], targets: tuple[int, ...]) -> str:
    if predictions == (*targets, 1):
        return "give the targets an axis of length 1 too: targets[:, None]; or drop it: model(x)[..., 0]"
    if targets == (*predictions, 1):
        return "drop the last axis of the targets: targets[..., 0]"
    return f"give the targets the shape {list(predictions)}"


def check_scores(loss: str, logits: Operand) -> Node:
    """Return scores: floats that are not already probabilities.

    Args:
        loss: The name of the loss, for messages.
        logits: What the model says.

    Returns:
        The node.

    Raises:
        ArgumentError: If it was made by a softmax or a sigmoid, which the loss applies itself.
        DTypeError: If it is not made of floats.

    Example:
        >>> check_scores("cross_entropy", [[1.0, 2.0]]).shape
        (1, 2)
    """
    (node,) = as_nodes((logits,))
    if not is_floating(node.dtype):
        raise DTypeError(f"{loss} takes scores that are floats; received {node!r}")
    squashed = _squashed_by(node)
    if squashed:
        raise ArgumentError(
            f"{loss} takes scores of any size, before they are turned into probabilities; received the answer of "
            f"{squashed}: {node!r}",
            why=f"{squashed} before {loss.replace('_', '-')} squashes twice: the loss takes the logarithm of a softmax "
            "(or sigmoid) of the scores itself, in one piece, which neither overflows nor loses digits",
            instead=f"leave {squashed} out of the model while training, and apply it to the model's answer to look at "
            "probabilities; for probabilities from elsewhere there is bl.losses.negative_log_likelihood",
        )
    return node


def _squashed_by(node: Node) -> str:
    """Name the composite that made these values probabilities; empty where none is seen."""
    while isinstance(node, Application) and node.op.name in _PASSED_THROUGH:
        node = node.arguments[0]
    if not isinstance(node, Application):
        return ""
    if node.op.name == "sigmoid":
        return "sigmoid"
    box = node.scope.name if node.scope and node.scope.call else ""
    last = {"softmax": "divide", "log_softmax": "subtract"}
    return box if last.get(box) == node.op.name else ""


@dataclass(frozen=True)
class ClassTargets:
    """The targets of a classification as distributions over the classes.

    Args:
        distribution: Floats of the shape of the scores.
        certain: Whether each is a single class, so that its entropy is 0.
    """

    distribution: Node
    certain: bool


def class_targets(loss: str, scores: Node, targets: Operand) -> ClassTargets:
    """Read targets: integer labels of shape (...), or distributions of the shape (..., classes) of the scores.

    Args:
        loss: The name of the loss, for messages.
        scores: Floats of shape (..., classes).
        targets: The labels or distributions.

    Returns:
        The targets as distributions.

    Raises:
        ShapeError: If there is no axis of at least two classes, or targets and scores do not belong together.
        DTypeError: If labels are not integers.

    Example:
        >>> import backlit as bl
        >>> class_targets("cross_entropy", bl.constant([[0.0, 0.0]]), [1]).distribution.evaluate().tolist()
        [[0.0, 1.0]]
    """
    if scores.rank == 0 or scores.shape[-1] < 2:
        raise ShapeError(
            f"{loss} takes a score for each of at least two classes along the last axis; received {scores!r}",
            why="a single class is always right, so its loss is 0 whatever the score",
            instead="for one yes-or-no score take binary_cross_entropy",
        )
    (node,) = as_nodes((targets,))
    rows, classes = scores.shape[:-1], scores.shape[-1]
    if is_integer(node.dtype) and node.shape == rows:
        return ClassTargets(one_hot(node, classes, dtype=scores.dtype), certain=True)
    if is_floating(node.dtype) and node.shape == scores.shape:
        return ClassTargets(node, certain=False)
    what = f"{loss} received scores {scores!r} and targets {node!r}"
    if node.shape == scores.shape:
        raise DTypeError(
            what,
            why="targets of the shape of the scores are distributions over the classes, which are floats",
            instead=f'write bl.cast(targets, "{scores.dtype}"), or give one integer label for each row',
        )
    if node.shape == rows:
        raise DTypeError(
            what,
            why="one target for each row is the number of its class, an integer",
            instead='make the input with dtype="int64", or the array with .astype("int64")',
        )
    raise ShapeError(
        what,
        why=f"labels are integers of shape {list(rows)}, distributions floats of shape {list(scores.shape)}",
        instead="drop the last axis of the labels: labels[..., 0]"
        if node.shape == (*rows, 1)
        else f"give one label from 0 to {classes - 1} for each row of scores",
    )


def class_weighting(loss: str, weights: npt.ArrayLike, classes: int, dtype: str) -> Node:
    """Return how much each class counts, as a constant.

    Args:
        loss: The name of the loss, for messages.
        weights: A number for each class, none below 0.
        classes: The number of classes.
        dtype: The data type of the scores.

    Returns:
        A node of shape (classes,).

    Raises:
        ArgumentError: If there is not one finite number of at least 0 for each class, and one above 0.

    Example:
        >>> class_weighting("cross_entropy", [1, 2], 2, "float32").value.tolist()
        [1.0, 2.0]
    """
    is_listed = isinstance(weights, (Sequence, np.ndarray)) and not isinstance(weights, str)
    array = np.asarray(weights, dtype=object if not is_listed else None)
    fits = is_listed and array.shape == (classes,) and array.dtype.kind in "iuf"
    if not fits or not np.isfinite(array).all() or (array < 0).any() or not (array > 0).any():
        raise ArgumentError(
            f"{loss} received class_weights={weights!r}",
            why=f"each of the {classes} classes has a finite weight of at least 0, and one has more",
            instead=f"give {classes} numbers, such as {[1.0] * min(classes, 3)}" + (" …" if classes > 3 else ""),
        )
    return constant(array, dtype=dtype)
