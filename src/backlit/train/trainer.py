"""Trainer: a model, a loss and an optimiser, put to work on data.

This module imports the modules beside it, `backlit.data` and the errors.
"""

from __future__ import annotations  # annotations must not load numpy.typing

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from backlit.data.dataset import Dataset
from backlit.data.stream import Stream
from backlit.data.validation import check_count
from backlit.engines.engine import Engine, Program
from backlit.errors import ArgumentError
from backlit.graph.node import OPERATORS, Array
from backlit.optim.optimizer import Optimizer
from backlit.train.callbacks import Callback
from backlit.train.checkpoint import CheckpointFolder
from backlit.train.feed import Feed, as_feed, fitted
from backlit.train.history import History
from backlit.train.loop import Run, Settings
from backlit.train.measure import measure
from backlit.train.metrics import MetricFunction
from backlit.train.programs import LossFunction, Model, PenaltyFunction, Programs
from backlit.train.progress import make_progress
from backlit.train.stopping import StoppingRule

__all__ = ["Data", "Trainer"]

Data = Dataset | Stream | tuple[npt.ArrayLike, ...] | Iterable[tuple[Array, ...]] | Callable[..., Iterable[Any]]
"""What can be trained on: a data set, a tuple of arrays (inputs, targets) or (inputs, targets, weights), or batches of
these from a stream or from any iterable that can be gone through again."""


class Trainer:
    """Trains a model: in each step forward, backward and update, as one program, for each batch of each epoch.

    The same seed, model and data give the same bits. Whatever ends the training, the parameters are those after a
    whole number of steps.

    Args:
        model: What is trained: a ``bl.nn.Module``.
        loss: A function of output and targets (and of ``sample_weights``, where the data has weights) to the one
            number that is to become small, such as ``bl.losses.cross_entropy``.
        optimizer: How a step changes the parameters, such as ``bl.optim.Adam(1e-3)``.
        metrics: What else is measured, such as ``[bl.metrics.accuracy]``.
        penalty: A function of the parameters to a number that is added to the loss, such as ``bl.losses.L2(1e-4)``.
        engine: Which engine runs it, by name or as an object; None picks.
        callbacks: What of your own is called while training runs.
        seed: What the orders of the rows follow from.

    Attributes:
        model: The model.
        history: What the last training recorded; empty before the first.
        epoch: How many epochs the model was trained for.

    Raises:
        TrainingError: If the model has no trainable parameters.
        ArgumentError: If one of the settings is of another kind.

    Example:
        >>> import backlit as bl
        >>> x = np.linspace(-1.0, 1.0, 40).reshape(-1, 1)
        >>> model = bl.nn.Linear(1, 1, rng=0)
        >>> trainer = Trainer(model, loss=bl.losses.squared_error, optimizer=bl.optim.SGD(0.5))
        >>> history = trainer.fit((x, 3.0 * x + 1.0), epochs=20, batch_size=10)
        >>> round(float(model.weight.value[0, 0]), 2), round(float(model.bias.value[0]), 2)
        (3.0, 1.0)
        >>> history.stopped
        'all 20 epochs are done'
    """

    def __init__(
        self,
        model: Model,
        *,
        loss: LossFunction,
        optimizer: Optimizer,
        metrics: MetricFunction | Sequence[MetricFunction] = (),
        penalty: PenaltyFunction | None = None,
        engine: str | Engine | None = None,
        callbacks: Callback | Sequence[Callback] = (),
        seed: int = 0,
    ) -> None:
        self.model = model
        self.history = History()
        self.epoch = 0
        self._step = 0
        self._seed = check_count(seed, "seed", 0)
        self._callbacks = _listed(callbacks, Callback, "callback")
        self._programs = Programs(model, loss, optimizer, metrics, penalty, engine)

    def fit(
        self,
        data: Data,
        *,
        validation: Data | None = None,
        epochs: int = 1,
        batch_size: int = 32,
        shuffle: bool = True,
        progress: bool | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: int | None = None,
        resume: bool = False,
        stop: StoppingRule | Sequence[StoppingRule] = (),
    ) -> History:
        """Train the model; a second call goes on where the first one ended.

        Floats and pictures of uint8 are brought to the float type of the model, labels to int64.

        Args:
            data: What to train on.
            validation: What to measure the model on after each epoch.
            epochs: How many times to go through the data, at most.
            batch_size: How many rows a step sees; batches that come ready made keep their size.
            shuffle: Whether to put the rows of a data set in another order each epoch.
            progress: Whether to show how far it is; None to do so on a terminal.
            checkpoint: A folder in which to keep what is needed to go on after an interruption.
            checkpoint_every: After how many steps; None for after each epoch.
            resume: Whether to go on from the checkpoint in that folder, if there is one.
            stop: Rules that end training earlier, such as ``EarlyStopping()``.

        Returns:
            What was recorded: loss, metrics and validation of each epoch, and why training ended.

        Raises:
            DataError: If there is nothing to learn from, or a value is not finite.
            ArgumentError: If a setting is not possible, such as a batch larger than the data.
            IndexRangeError: If a label is none of the classes.
            TrainingError: If the loss is no longer finite; ``history`` of the error holds what was recorded. Or if the
                checkpoint is that of another run.
            FileError: If a checkpoint cannot be written or read.
            KeyboardInterrupt: If Ctrl-C was pressed; after the step, and after a checkpoint where one is kept.
        """
        feed = as_feed(data, batch_size, shuffle=shuffle, seed=self._seed, name="training data")
        settings = Settings(
            epochs=check_count(epochs, "epochs", 1),
            stop=_listed(stop, StoppingRule, "stopping rule"),
            callbacks=self._callbacks,
            folder=None if checkpoint is None else CheckpointFolder(checkpoint),
            every=None if checkpoint_every is None else check_count(checkpoint_every, "checkpoint_every", 1),
            resume=_checked_resume(resume, checkpoint, checkpoint_every),
            run=self._signature(feed),
        )
        return self._run(Run(self._programs, feed, self._measured(validation, batch_size), settings), progress)

    def evaluate(self, data: Data, batch_size: int = 256) -> dict[str, float]:
        """Measure the model, as it is after training: nothing is dropped, nothing changes.

        Args:
            data: What to measure it on.
            batch_size: How many rows are computed at once; all where there are fewer.

        Returns:
            The loss and the metrics, each the mean over all rows.

        Raises:
            DataError: If there is nothing to measure on, or a value is not finite.
            IndexRangeError: If a label is none of the classes.

        Example:
            >>> import backlit as bl
            >>> model = bl.nn.Linear(1, 1, weight_initialiser=bl.nn.initialisers.Zeros(), rng=0)
            >>> trainer = Trainer(model, loss=bl.losses.squared_error, optimizer=bl.optim.SGD(0.1))
            >>> trainer.evaluate(([[1.0], [2.0]], [[1.0], [3.0]]))
            {'loss': 5.0}
        """
        return measure(self._programs, as_feed(data, batch_size, shuffle=False, seed=0, at_most=True))

    def program(self, *batch: npt.ArrayLike) -> Program:
        """Return the program of a training step on batches like this one, to look at: ``program.graph`` is all of it.

        Args:
            *batch: Inputs, targets and perhaps weights; only their shapes and data types count.

        Returns:
            The program; calling it does a step.

        Raises:
            ShapeError: If inputs, model, loss and targets do not fit together.

        Example:
            >>> import backlit as bl
            >>> model = bl.nn.Linear(1, 1, rng=0)
            >>> trainer = Trainer(model, loss=bl.losses.squared_error, optimizer=bl.optim.SGD(0.1))
            >>> step = trainer.program([[1.0]], [[2.0]])
            >>> [parameter.name for parameter in step.graph.updates]
            ['weight', 'bias']
        """
        return self._programs.training(fitted(tuple(np.asarray(part) for part in batch), self._programs.dtype))

    def trace(
        self, *batch: npt.ArrayLike, scopes: Sequence[str] | None = None, examples: Sequence[int] | None = None
    ) -> Any:
        """Run a training step on a batch with every value and every gradient kept; the model stays as it is.

        Args:
            *batch: Inputs, targets and perhaps weights; or all as one tuple, as ``data.batches(32)`` gives them.
            scopes: The paths of the scopes whose values and gradients are kept, such as ``["0"]``; None for all.
            examples: The rows of the batch of which values are kept; None for all.

        Returns:
            A `backlit.explain.Trace`, to be asked: ``run["0.weight"].grad``, ``run.explain("w[1,1,1]")``.

        Raises:
            ArgumentError: If a whole data set is given.
            ShapeError: If inputs, model, loss and targets do not fit together.
            UnknownNameError: If there is no such scope.

        Example:
            >>> import backlit as bl
            >>> model = bl.nn.Linear(1, 1, weight_initialiser=bl.nn.initialisers.Zeros(), rng=0)
            >>> trainer = Trainer(model, loss=bl.losses.squared_error, optimizer=bl.optim.SGD(0.1))
            >>> run = trainer.trace([[1.0]], [[2.0]])
            >>> run.gradient("weight").tolist()
            [[-4.0]]
        """
        if len(batch) == 1 and isinstance(batch[0], tuple):
            batch = batch[0]
        if any(isinstance(part, (Dataset, Stream)) for part in batch):
            raise ArgumentError(
                f"a trace is of one batch; received {batch[0]!r}", instead="trainer.trace(next(iter(data.batches(32))))"
            )
        program = self.program(*batch)
        values = fitted(tuple(np.asarray(part) for part in batch), self._programs.dtype)
        return OPERATORS["trace_graph"](program.graph, values, scopes=scopes, examples=examples)

    def _run(self, run: Run, progress: bool | None) -> History:
        run.begin_at(self.epoch, self._step)
        display = make_progress(progress)
        try:
            run.go(display)
        finally:
            self.history, self.epoch, self._step = run.history, run.position.epoch, run.position.step
        return run.history

    def _measured(self, validation: Data | None, batch_size: int) -> Feed | None:
        if validation is None:
            return None
        return as_feed(validation, batch_size, shuffle=False, seed=0, name="validation data", at_most=True)

    def _signature(self, feed: Feed) -> dict[str, Any]:
        """Return what must be the same for a resumed run to end with the same bits."""
        programs = self._programs
        return {
            "model": _configuration(self.model),
            "parameters": {name: str(each.spec) for name, each in programs.parameters.items()},
            "loss": _described(programs.loss),
            "penalty": _described(programs.penalty),
            "optimizer": repr(programs.optimizer),
            "columns": list(programs.columns),
            "seed": self._seed,
            "number of rows": feed.rows,
            "batch size": feed.batch_size,
            "shuffling": feed.shuffle,
        }


def _listed(given: Any, kind: type, what: str) -> tuple[Any, ...]:
    """Return one thing or several as a tuple, checked."""
    listed = (given,) if isinstance(given, kind) or not isinstance(given, Iterable) else tuple(given)
    for each in listed:
        if not isinstance(each, kind):
            raise ArgumentError(
                f"a {what} is {each!r}",
                why=f"it must be an instance of {kind.__name__}",
                instead=f"derive your class from bl.train.{kind.__name__}, and pass an instance of it",
            )
    return listed


def _checked_resume(resume: object, checkpoint: object, every: object) -> bool:
    if not isinstance(resume, bool):
        raise ArgumentError(f"resume is {resume!r}", instead="write resume=True or resume=False")
    if checkpoint is None and (resume or every is not None):
        raise ArgumentError(
            f"{'resume' if resume else 'checkpoint_every'} was given without checkpoint",
            why="there is no folder to read or write checkpoints in",
            instead='write fit(..., checkpoint="folder")',
        )
    return resume


def _configuration(model: Model) -> Any:
    """Return how the model is built, as far as it tells."""
    configuration = getattr(model, "configuration", None)
    try:
        return configuration() if callable(configuration) else type(model).__name__
    except ArgumentError:  # a module of the user's own that does not keep its settings
        return type(model).__name__


def _described(function: object) -> str:
    """Return a function by its name, and a record with its settings; never an address, which changes."""
    if function is None:
        return "none"
    name = getattr(function, "__name__", None)
    text = repr(function)
    return str(name) if name else text if " at 0x" not in text else type(function).__name__
