"""Metrics: how good a model is, in numbers that a person understands.

A metric is a function of two nodes, the output of the model and the targets, that returns one number: the mean over
the rows of a batch. It is part of the program that trains or evaluates, and the means of the batches are averaged,
each weighted by its rows. So every function of yours that returns such a mean is a metric. Where the mean needs a
last touch (the root of a mean square), a ``Metric`` says so.

What needs all predictions at once (a confusion matrix, a calibration curve) takes arrays, after training.

This module imports NumPy, the ops of the graph and the errors; it knows nothing of the loop.
"""

from __future__ import annotations  # annotations must not load numpy.typing

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backlit.errors import ArgumentError, DataError, DTypeError, IndexRangeError, ShapeError
from backlit.graph.node import Array, Node
from backlit.graph.ops import abs as absolute
from backlit.graph.ops import argmax, cast, equal, expand_dims, greater, less, mean, square, take_along_axis
from backlit.graph.ops import sum as total
from backlit.graph.scope import call_scope
from backlit.graph.spec import is_floating, is_integer

__all__ = [
    "CalibrationCurve",
    "Metric",
    "MetricFunction",
    "accuracy",
    "binary_accuracy",
    "calibration_curve",
    "confusion_matrix",
    "mean_absolute_error",
    "metric_name",
    "root_mean_squared_error",
    "top_k_accuracy",
]

MetricFunction = Callable[[Node, Node], Node]
"""What a metric is: output and targets to one number, the mean over the rows of the batch."""


@dataclass(frozen=True)
class Metric:
    """A metric with a name of its own, and a last touch to the mean over all rows.

    Args:
        name: The name of its column in the history.
        compute: Output and targets to the mean over the rows of the batch.
        finish: What makes the metric of the mean over all rows; by default the mean is the metric.

    Example:
        >>> import backlit as bl
        >>> within = Metric("within 0.1", lambda y, t: bl.mean(bl.cast(abs(y - t) < 0.1, "float32")))
        >>> float(within(bl.constant([1.0, 2.0]), bl.constant([1.05, 3.0])).evaluate())
        0.5
    """

    name: str
    compute: MetricFunction
    finish: Callable[[float], float] | None = None

    def __call__(self, output: Node, target: Node) -> Node:
        """Build the mean over the rows of a batch, before the last touch.

        Args:
            output: The output of the model, of shape (rows, ...).
            target: The targets, of shape (rows, ...).

        Returns:
            A float of shape ().
        """
        return self.compute(output, target)


def metric_name(metric: MetricFunction) -> str:
    """Return the name of a metric's column: its own, or the name of the function with spaces for underscores.

    Args:
        metric: A metric.

    Returns:
        The name.

    Raises:
        ArgumentError: If it cannot be called, or has no name, as a lambda.

    Example:
        >>> metric_name(mean_absolute_error)
        'mean absolute error'
    """
    if isinstance(metric, Metric):
        return metric.name
    name = getattr(metric, "__name__", None)
    if not callable(metric) or name is None or name == "<lambda>":
        raise ArgumentError(
            f"a metric is {metric!r}",
            why="a metric is a function of output and targets, and its name heads a column of the history",
            instead="write bl.metrics.accuracy, a function with a name, or bl.metrics.Metric(name, function)",
        )
    return str(name).replace("_", " ")


def accuracy(output: Node, target: Node) -> Node:
    """Build the share of rows whose class the model found: 1/N · Σ [argmax yᵢ = tᵢ].

    A single output is a class of its own against the rest; see ``binary_accuracy``.

    Args:
        output: One score a class, of shape (rows, ..., classes): logits or probabilities, in which the largest is
            the same. For a single output of shape (rows, 1) or (rows,): see ``binary_accuracy``.
        target: Labels, integers of shape (rows, ...); or a distribution of the shape of the output, such as one-hot.

    Returns:
        A float of shape ().

    Raises:
        ShapeError: If the targets belong to no such output.

    Example:
        >>> import backlit as bl
        >>> scores, labels = bl.constant([[2.0, 1.0], [0.0, 1.0]]), bl.constant([0, 0])
        >>> float(accuracy(scores, labels).evaluate())
        0.5
    """
    if output.rank < 2 or output.shape[-1] == 1:
        return binary_accuracy(output, target)
    with call_scope("accuracy"):
        if target.shape == output.shape:
            return _share(equal(argmax(output, axis=-1), argmax(target, axis=-1)))
        _check_labels(output, target, "accuracy")
        return _share(equal(argmax(output, axis=-1), cast(target, "int64")))


def binary_accuracy(output: Node, target: Node) -> Node:
    """Build the share of yes-or-no answers that are right: 1/N · Σ [(yᵢ > c) = (tᵢ > ½)].

    The threshold c is ½ for an output that comes straight from a sigmoid, which is a probability, and 0 for any
    other, which is a logit.

    Args:
        output: Logits or probabilities, of shape (rows,) or (rows, questions).
        target: 0 or 1 for each, integers, booleans or floats, of the same shape; (rows,) fits (rows, 1) too.

    Returns:
        A float of shape ().

    Raises:
        ShapeError: If there is not one target for each output.

    Example:
        >>> import backlit as bl
        >>> logits = bl.constant([-1.0, 2.0, 3.0, 0.5])
        >>> float(binary_accuracy(logits, bl.constant([0, 1, 1, 0])).evaluate())
        0.75
    """
    with call_scope("binary_accuracy"):
        if output.shape == (*target.shape, 1):
            target = expand_dims(target, axis=-1)
        _check_same(output, target, "binary accuracy")
        threshold = 0.5 if output.kind == "sigmoid" else 0.0
        is_yes = target if target.dtype == "bool" else greater(target, 0.5 if is_floating(target.dtype) else 0)
        return _share(equal(greater(output, threshold), is_yes))


def top_k_accuracy(k: int) -> Metric:
    """Return the metric of how often the right class is among the k with the highest scores.

    A row counts if fewer than k classes have a score above that of its label: 1/N · Σ [#{j : yᵢⱼ > yᵢₜ} < k].

    Args:
        k: How many guesses the model has.

    Returns:
        The metric, for outputs of shape (rows, ..., classes) and integer labels of shape (rows, ...).

    Raises:
        ArgumentError: If k is no whole number of at least 1.

    Example:
        >>> import backlit as bl
        >>> metric = top_k_accuracy(2)
        >>> scores = bl.constant([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
        >>> metric.name, float(metric(scores, bl.constant([1, 2])).evaluate())
        ('top 2 accuracy', 0.5)
    """
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise ArgumentError(f"k is {k!r}", why="it counts the guesses of the model", instead="write top_k_accuracy(5)")

    def compute(output: Node, target: Node) -> Node:
        with call_scope(f"top_{k}_accuracy"):
            if target.shape == output.shape and is_floating(target.dtype):
                target = argmax(target, axis=-1)
            _check_labels(output, target, f"top {k} accuracy")
            own = take_along_axis(output, expand_dims(cast(target, "int64"), axis=-1), axis=-1)
            above = total(cast(greater(output, own), "int64"), axis=-1)
            return _share(less(above, k))

    return Metric(f"top {k} accuracy", compute)


def mean_absolute_error(output: Node, target: Node) -> Node:
    """Build the mean distance between output and target: 1/N · Σ |yᵢ − tᵢ|.

    Args:
        output: Floats of shape (rows, ...).
        target: Floats of the same shape.

    Returns:
        A float of shape ().

    Raises:
        ShapeError: If the shapes differ.

    Example:
        >>> import backlit as bl
        >>> float(mean_absolute_error(bl.constant([1.0, 2.0]), bl.constant([1.0, 4.0])).evaluate())
        1.0
    """
    with call_scope("mean_absolute_error"):
        _check_same(output, target, "mean absolute error")
        return mean(absolute(output - cast(target, output.dtype)))


def _mean_squared_error(output: Node, target: Node) -> Node:
    with call_scope("mean_squared_error"):
        _check_same(output, target, "root mean squared error")
        return mean(square(output - cast(target, output.dtype)))


root_mean_squared_error = Metric("root mean squared error", _mean_squared_error, finish=math.sqrt)
"""The root of the mean squared distance, √(1/N · Σ (yᵢ − tᵢ)²), in which the root is taken over all rows at once."""


def _share(right: Node) -> Node:
    return mean(cast(right, "float64"))  # so that 919 of 1,000 are 0.919, and not 0.9190000295639038


def _check_labels(output: Node, target: Node, what: str) -> None:
    if target.shape != output.shape[:-1]:
        raise ShapeError(
            f"{what} received the output {output!r} and the targets {target!r}",
            why="an output of one score a class takes one label a row, or a distribution over the classes",
            instead=f"give labels of shape {list(output.shape[:-1])}",
        )
    if not is_integer(target.dtype):
        raise DTypeError(
            f"{what} received the targets {target!r}",
            why="a label is the number of a class",
            instead='convert them: labels.astype("int64")',
        )


def _check_same(output: Node, target: Node, what: str) -> None:
    if output.shape != target.shape:
        raise ShapeError(
            f"{what} received the output {output!r} and the targets {target!r}",
            why="it compares them one by one",
            instead=f"give targets of shape {list(output.shape)}",
        )


def confusion_matrix(labels: npt.ArrayLike, predictions: npt.ArrayLike, classes: int | Sequence[str]) -> Array:
    """Count how often each class was taken for each: element (i, j) counts rows of class i for which j was predicted.

    Args:
        labels: The true class of each row, integers of shape (rows,).
        predictions: The class predicted for each row, integers of shape (rows,); or one score a class, of shape
            (rows, classes), of which the largest is taken.
        classes: The number of classes, or their names.

    Returns:
        Integers of shape (classes, classes): truth down, predictions across.

    Raises:
        DataError: If there is not one prediction for each label, or they are not whole numbers.
        IndexRangeError: If a label or prediction is no class.

    Example:
        >>> confusion_matrix([0, 1, 1, 2], [0, 1, 2, 2], classes=3).tolist()
        [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    """
    count = classes if isinstance(classes, int) else len(classes)
    truth, guesses = np.asarray(labels), np.asarray(predictions)
    if guesses.ndim == 2 and guesses.shape[1] == count and truth.ndim == 1:
        guesses = guesses.argmax(axis=1)
    if truth.ndim != 1 or truth.shape != guesses.shape:
        raise DataError(
            f"there are labels of shape {truth.shape} and predictions of shape {guesses.shape}",
            why="each row has one label and one prediction",
            instead=f"give both the shape (rows,), or scores of shape (rows, {count})",
        )
    for values, what in ((truth, "label"), (guesses, "prediction")):
        if values.dtype.kind not in "biu":
            raise DataError(f"the {what}s are {values.dtype}", instead="give whole numbers, each that of a class")
        wrong = values[(values < 0) | (values >= count)]
        if wrong.size:
            raise IndexRangeError(f"the {what} {wrong[0]} is no class", why=f"there are {count}, from 0 to {count - 1}")
    pairs = truth.astype(np.int64) * count + guesses.astype(np.int64)
    return np.bincount(pairs, minlength=count * count).reshape(count, count)


@dataclass(frozen=True, eq=False)
class CalibrationCurve:
    """How far a model's probabilities can be believed: in each bin, what it said and what came true.

    Args:
        predicted: The mean probability in each bin that holds a row, of shape (bins used,).
        observed: The share of rows in that bin that came true.
        counts: How many rows are in it.
        error: The expected calibration error, the mean distance of the two over all rows.

    Example:
        >>> curve = calibration_curve([0.1, 0.9], [0, 1], bins=2)
        >>> curve.counts.tolist()
        [1, 1]
    """

    predicted: Array
    observed: Array
    counts: Array
    error: float


def calibration_curve(probabilities: npt.ArrayLike, labels: npt.ArrayLike, bins: int = 10) -> CalibrationCurve:
    """Compare how sure a model is with how often it is right (Niculescu-Mizil and Caruana, 2005).

    Where a well calibrated model says 0.8, it is right in 8 cases of 10. Plot ``observed`` over ``predicted``: the
    diagonal is perfect, a curve below it is too sure. The expected calibration error is Σ_b n_b/N · |o_b − p_b|
    (Naeini, Cooper and Hauskrecht, 2015).

    Args:
        probabilities: Of "yes", of shape (rows,), with labels 0 or 1; or of each class, of shape (rows, classes),
            with integer labels: then the largest one counts, and whether its class is the right one.
        labels: The truth, of shape (rows,).
        bins: Into how many bins of equal width the interval from 0 to 1 is cut.

    Returns:
        The curve; bins without a row are left out.

    Raises:
        DataError: If the probabilities are none, or there is not one label a row.
        ArgumentError: If there are no bins.

    Example:
        >>> curve = calibration_curve([0.1, 0.3, 0.7, 0.9], [0, 0, 1, 1], bins=2)
        >>> curve.predicted.tolist(), curve.observed.tolist(), round(curve.error, 6)
        ([0.2, 0.8], [0.0, 1.0], 0.2)
    """
    if isinstance(bins, bool) or not isinstance(bins, int) or bins < 1:
        raise ArgumentError(f"bins is {bins!r}", why="at least one bin is needed", instead="write bins=10")
    chances, truth = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if truth.ndim != 1 or chances.ndim not in {1, 2} or len(chances) != len(truth) or not len(truth):
        raise DataError(
            f"there are probabilities of shape {chances.shape} and labels of shape {truth.shape}",
            why="each row has one label",
            instead="give probabilities of shape (rows,) or (rows, classes) and labels of shape (rows,)",
        )
    if not (chances >= 0).all() or not (chances <= 1).all():
        raise DataError(
            f"the probabilities reach from {chances.min():g} to {chances.max():g}",
            why="a probability is from 0 to 1; logits are not",
            instead="apply a sigmoid or a softmax to the logits first",
        )
    if chances.ndim == 2:
        came_true = chances.argmax(axis=1) == truth
        chances = chances.max(axis=1)
    else:
        came_true = truth.astype(np.float64) > 0.5
    place = np.minimum((chances * bins).astype(np.int64), bins - 1)
    counts = np.bincount(place, minlength=bins)
    used = counts > 0
    predicted = np.bincount(place, chances, bins)[used] / counts[used]
    observed = np.bincount(place, came_true, bins)[used] / counts[used]
    error = float((counts[used] * np.abs(predicted - observed)).sum() / len(truth))
    return CalibrationCurve(predicted, observed, counts[used], error)
