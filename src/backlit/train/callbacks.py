"""Callbacks: what of your own is done while training runs.

This module imports the history and nothing else of backlit.
"""

from __future__ import annotations  # annotations must not load numpy.typing

from dataclasses import dataclass
from pathlib import Path

from backlit.train.history import History

__all__ = ["Callback", "TrainingState"]


@dataclass(frozen=True)
class TrainingState:
    """Where training stands, as a callback sees it.

    Args:
        epoch: The number of the epoch, from 1; before the first one and after the last one that of this epoch too.
        batch: How many batches of the epoch are done.
        step: How many steps were done in all.
        loss: The loss of the last step; None before the first.
        seconds: How long training has gone on.
        history: What was recorded up to now.

    Example:
        >>> TrainingState(epoch=1, batch=2, step=2, loss=0.5, seconds=0.1, history=History()).step
        2
    """

    epoch: int
    batch: int
    step: int
    loss: float | None
    seconds: float
    history: History


class Callback:
    """Something of your own that is called while training runs. Derive from it, and write the methods you need.

    A callback looks on. It may stop training by raising an error, which leaves the model as it was after the last
    step; rules that end training in peace are ``StoppingRule``. Who changes parameters does so between epochs.

    Example:
        >>> class Shout(Callback):
        ...     def on_epoch_end(self, state):
        ...         print(f"epoch {state.epoch}: {state.history['loss'][-1]}")
        >>> history = History([{"loss": 0.5}])
        >>> Shout().on_epoch_end(TrainingState(1, 2, 2, 0.5, 0.1, history))
        epoch 1: 0.5
    """

    def on_train_begin(self, state: TrainingState) -> None:
        """Called before the first epoch, or before the first one after a resumption.

        Args:
            state: Where training stands.
        """

    def on_epoch_begin(self, state: TrainingState) -> None:
        """Called before each epoch.

        Args:
            state: Where training stands.
        """

    def on_step_end(self, state: TrainingState) -> None:
        """Called after each step.

        Args:
            state: Where training stands; ``loss`` is that of this step's batch.
        """

    def on_epoch_end(self, state: TrainingState) -> None:
        """Called after each epoch and its validation.

        Args:
            state: Where training stands; the last row of the history is that of this epoch.
        """

    def on_checkpoint(self, state: TrainingState, path: Path) -> None:
        """Called when a checkpoint has been written.

        Args:
            state: Where training stands.
            path: The file.
        """

    def on_train_end(self, state: TrainingState) -> None:
        """Called when training has ended, whatever ended it; ``state.history.stopped`` says what.

        Args:
            state: Where training stands.
        """
