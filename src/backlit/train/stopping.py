"""Stopping rules: "while not converged", and what converged means.

A rule looks at the history after each epoch and says in words why training should stop, or nothing. It remembers
nothing of its own, so that a run that was interrupted and resumed stops where it would have stopped.

This module imports the history, the errors and nothing else of backlit.
"""

import math
from dataclasses import dataclass

from backlit.errors import ArgumentError
from backlit.train.history import History, larger_is_better

__all__ = ["EarlyStopping", "LossBelow", "LossChangeBelow", "StoppingRule", "TimeLimit"]


class StoppingRule:
    """What decides when training has gone on long enough. Rules of your own derive from it.

    Example:
        >>> class ThreeEpochs(StoppingRule):
        ...     def reason(self, history):
        ...         return "three epochs are enough" if len(history) >= 3 else None
        >>> ThreeEpochs().reason(History([{"loss": 1.0}] * 3))
        'three epochs are enough'
    """

    def reason(self, history: History) -> str | None:
        """Say after an epoch why to stop.

        Args:
            history: What was recorded up to now.

        Returns:
            The reason in words, or None to go on.
        """
        return None

    def reason_at(self, seconds: float) -> str | None:
        """Say after a step why to stop, within an epoch.

        Args:
            seconds: How long training has gone on.

        Returns:
            The reason in words, or None to go on.
        """
        return None


@dataclass(frozen=True)
class LossChangeBelow(StoppingRule):
    """Stop when the loss has settled: |Loss_k − Loss_{k−1}| < ε.

    Args:
        threshold: ε, above 0.

    Raises:
        ArgumentError: If the threshold is not above 0.

    Example:
        >>> LossChangeBelow(0.01).reason(History([{"loss": 0.500}, {"loss": 0.495}]))
        'the loss changed by 0.005 in epoch 2, less than 0.01'
    """

    threshold: float

    def __post_init__(self) -> None:
        """Check the threshold."""
        _check_above_zero(self.threshold, "threshold")

    def reason(self, history: History) -> str | None:
        """Compare the last two losses."""
        if len(history) < 2:
            return None
        previous, last = history["loss"][-2:]
        change = abs(last - previous)
        if not change < self.threshold:
            return None
        return f"the loss changed by {change:.4g} in epoch {_epoch(history)}, less than {self.threshold:g}"


@dataclass(frozen=True)
class LossBelow(StoppingRule):
    """Stop when the loss is low enough: Loss_k < value.

    Args:
        value: What the mean loss of an epoch is to fall below.

    Raises:
        ArgumentError: If the value is not a number.

    Example:
        >>> LossBelow(0.1).reason(History([{"loss": 0.09}]))
        'the loss is 0.09 in epoch 1, below 0.1'
    """

    value: float

    def __post_init__(self) -> None:
        """Check the value."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)) or not math.isfinite(self.value):
            raise ArgumentError(f"the value is {self.value!r}", instead="write a number, such as LossBelow(0.01)")

    def reason(self, history: History) -> str | None:
        """Look at the last loss."""
        if not len(history) or not history["loss"][-1] < self.value:
            return None
        return f"the loss is {history['loss'][-1]:.4g} in epoch {_epoch(history)}, below {self.value:g}"


@dataclass(frozen=True)
class TimeLimit(StoppingRule):
    """Stop when the time is up, in the middle of an epoch if need be.

    Args:
        seconds: How long to train, above 0. What an interrupted run took before counts too.

    Raises:
        ArgumentError: If the time is not above 0.

    Example:
        >>> TimeLimit(60.0).reason_at(61.2)
        'the time limit of 60 s was reached'
    """

    seconds: float

    def __post_init__(self) -> None:
        """Check the time."""
        _check_above_zero(self.seconds, "time limit")

    def reason_at(self, seconds: float) -> str | None:
        """Compare with the time taken."""
        return f"the time limit of {self.seconds:g} s was reached" if seconds >= self.seconds else None


@dataclass(frozen=True)
class EarlyStopping(StoppingRule):
    """Stop when validation no longer gets better (Prechelt, "Early stopping - but when?", 1998).

    Args:
        monitor: The column to watch. A loss or an error is to fall, an accuracy to rise; the name tells.
        patience: How many epochs without a new best to wait for.
        restore_best: Whether the model gets back, at the end, the parameters with which the column was best.
        minimum_change: How much better than the best an epoch must be to count as a new best.

    Raises:
        ArgumentError: If the patience is no whole number of at least 1, or the name of the column does not tell.

    Example:
        >>> rule = EarlyStopping(patience=2)
        >>> rule.reason(History([{"epoch": n + 1, "validation loss": v} for n, v in enumerate([3.0, 2.0, 2.5, 2.1])]))
        'the validation loss was best in epoch 2, with 2, and no better in the 2 epochs since'
    """

    monitor: str = "validation loss"
    patience: int = 5
    restore_best: bool = True
    minimum_change: float = 0.0

    def __post_init__(self) -> None:
        """Check the settings."""
        larger_is_better(self.monitor)
        if isinstance(self.patience, bool) or not isinstance(self.patience, int) or self.patience < 1:
            raise ArgumentError(
                f"the patience is {self.patience!r}", why="it counts epochs", instead="write patience=5"
            )
        if not self.minimum_change >= 0:
            raise ArgumentError(f"the minimum change is {self.minimum_change!r}", instead="write a number, at least 0")

    def best_epoch(self, history: History) -> int:
        """Return the place of the best epoch in the history, counted from 0.

        Args:
            history: At least one epoch.

        Returns:
            The place.

        Raises:
            ArgumentError: If the column is not recorded.

        Example:
            >>> EarlyStopping().best_epoch(History([{"validation loss": v} for v in [3.0, 2.0, 2.5]]))
            1
        """
        if self.monitor not in history.columns:
            raise ArgumentError(
                f"early stopping watches {self.monitor!r}, which is not recorded",
                why=f"the columns are {', '.join(history.columns)}",
                instead="give fit(..., validation=...) for a validation column, or name another one",
            )
        sign = -1.0 if larger_is_better(self.monitor) else 1.0
        best, place = math.inf, 0
        for index, value in enumerate(history[self.monitor]):
            if sign * value < best - (self.minimum_change if math.isfinite(best) else 0.0):
                best, place = sign * value, index
        return place

    def reason(self, history: History) -> str | None:
        """Count the epochs since the best one."""
        if not len(history):
            return None
        place = self.best_epoch(history)
        waited = len(history) - 1 - place
        if waited < self.patience:
            return None
        row = history.rows[place]
        since = "epoch" if waited == 1 else f"{waited} epochs"
        return (
            f"the {self.monitor} was best in epoch {row.get('epoch', place + 1)}, with {row[self.monitor]:.4g}, "
            f"and no better in the {since} since"
        )


def _epoch(history: History) -> float:
    """Return the number of the last epoch."""
    return history.rows[-1].get("epoch", len(history))


def _check_above_zero(value: object, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ArgumentError(
            f"the {what} is {value!r}", why="it must be a number above 0", instead="write for example 0.01"
        )
