"""The loop of ``fit``: epochs of steps, validation, stopping rules, checkpoints, and what happens when it goes wrong.

This module imports the modules beside it and the errors.
"""

from __future__ import annotations  # annotations must not load numpy.typing

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backlit.errors import BacklitError, FileError, TrainingError
from backlit.graph.leaves import Parameter
from backlit.graph.node import Array
from backlit.train.callbacks import Callback, TrainingState
from backlit.train.checkpoint import Checkpoint, CheckpointFolder, Position, check_same_run, restore
from backlit.train.divergence import Place, divergence
from backlit.train.feed import Feed, fitted
from backlit.train.history import History
from backlit.train.interrupt import Interrupt
from backlit.train.measure import add_up, means, measure
from backlit.train.programs import Programs
from backlit.train.progress import Progress, Snapshot
from backlit.train.rewind import Rewind
from backlit.train.stopping import EarlyStopping, StoppingRule

__all__ = ["Run", "Settings"]

_INTERRUPTED = "interrupted by Ctrl-C"


@dataclass(frozen=True)
class Settings:
    """What one call of ``fit`` asks for.

    Args:
        epochs: How many epochs.
        stop: The stopping rules.
        callbacks: What is called on the way.
        folder: Where checkpoints go, or None.
        every: After how many steps a checkpoint is written; None for after each epoch.
        resume: Whether to go on from the checkpoint there.
        run: What the run is, by which a checkpoint knows it again.

    Example:
        >>> Settings(epochs=5).epochs
        5
    """

    epochs: int
    stop: tuple[StoppingRule, ...] = ()
    callbacks: tuple[Callback, ...] = ()
    folder: CheckpointFolder | None = None
    every: int | None = None
    resume: bool = False
    run: Mapping[str, Any] | None = None


class Run:
    """One call of ``fit``, from its first step to its last.

    Args:
        programs: What runs.
        feed: What it is trained on.
        validation: What it is measured on after each epoch, or None.
        settings: What was asked for.

    Attributes:
        history: What was recorded.
        position: Where it stands.

    Example:
        >>> import backlit as bl
        >>> from backlit.train.feed import as_feed
        >>> programs = Programs(bl.nn.Linear(1, 1, rng=0), bl.losses.squared_error, bl.optim.SGD(0.1))
        >>> run = Run(programs, as_feed(([[1.0]], [[2.0]]), 1, shuffle=False, seed=0), None, Settings(epochs=3))
        >>> run.go(Progress())
        >>> len(run.history), run.position.step, run.history.stopped
        (3, 3, 'all 3 epochs are done')
    """

    def __init__(
        self,
        programs: Programs,
        feed: Feed,
        validation: Feed | None,
        settings: Settings,
    ) -> None:
        self._programs = programs
        self._feed = feed
        self._validation = validation
        self._settings = settings
        self._keeper = next((r for r in settings.stop if isinstance(r, EarlyStopping) and r.restore_best), None)
        self._watchers = [c for c in settings.callbacks if type(c).on_step_end is not Callback.on_step_end]
        self._clocks = [r for r in settings.stop if type(r).reason_at is not StoppingRule.reason_at]
        self._best: dict[str, Array] = {}
        self._rewind = Rewind(programs)
        self._interrupt = Interrupt()
        self._progress = Progress()
        self._loss: float | None = None
        self._ended: tuple[int, int] | None = None
        self.history = History()
        self.position = Position(sums=[0.0] * len(programs.columns))
        self._since = time.perf_counter()
        self._recorded = 0.0

    @property
    def _last(self) -> int:
        """The number of the epoch after the last one."""
        return self.position.first + self._settings.epochs

    def begin_at(self, epoch: int, step: int) -> None:
        """Count on from training that was done before.

        Args:
            epoch: How many epochs.
            step: How many steps.
        """
        self.position.epoch = self.position.first = epoch
        self.position.step = step
        self.history = History(start=step)

    def go(self, progress: Progress) -> None:
        """Train.

        Args:
            progress: What shows how far it is.

        Raises:
            TrainingError: If the loss is no longer finite, or the checkpoint is that of another run.
            KeyboardInterrupt: If Ctrl-C was pressed; after the step, and after a checkpoint where one is kept.
        """
        if self._settings.folder is not None:
            self._open(self._settings.folder)
        self._prepare()
        self._progress = progress
        try:
            with self._interrupt, progress:
                self._since = time.perf_counter() - self.position.seconds
                self._tell("on_train_begin")
                reason = self._reason()
                while reason is None:
                    reason = self._epoch()
                self._finish(reason)
        except BaseException as error:
            self.history.stopped = self.history.stopped or _in_words(error)
            raise
        finally:
            self.position.seconds = self._seconds()
            self._tell("on_train_end")

    # ------------------------------------------------------------------------------------------------ epochs

    def _prepare(self) -> None:
        """Build the programs of a data set, so that what does not fit together is known before the first step."""
        for feed, program in ((self._feed, self._programs.training), (self._validation, self._programs.evaluation)):
            if feed is not None and feed.rows is not None and feed.batches is not None:
                for place in dict.fromkeys((0, feed.batches - 1)):
                    program(fitted(next(iter(feed.epoch(self.position.epoch, place))), self._programs.dtype))

    def _epoch(self) -> str | None:
        """Train one epoch, or what is left of it, and return why to stop after it, or None."""
        self._ended = None
        self._tell("on_epoch_begin")
        self._rewind.renew()
        reason = None
        for raw in self._feed.epoch(self.position.epoch, self.position.batch):
            self._step(fitted(raw, self._programs.dtype, copy=self._feed.reuses))
            reason = self._after_step()
            if reason is not None:
                break
        else:
            if self.position.batch == 0:
                raise TrainingError(f"{self._feed.name} gave no batch in epoch {self.position.epoch + 1}")
        if reason == _INTERRUPTED:
            return reason
        if reason is not None:
            self._save(is_finished=True)  # in the middle of the epoch, from where a longer run can go on
        self._record()
        cut_short, reason = reason, reason or self._reason()
        self._tell("on_epoch_end")
        if cut_short is None and (reason is not None or self._settings.every is None):
            self._save(is_finished=reason is not None)
        return _INTERRUPTED if self._interrupt.requested else reason

    def _step(self, batch: tuple[Array, ...]) -> None:
        """Run one step and add up what it measured."""
        program = self._programs.training(batch)
        self._rewind.before(program, batch)
        try:
            values = program(*batch)
        except KeyboardInterrupt:
            self._rewind.take_back()
            raise
        loss = float(values[0])
        if not math.isfinite(loss):
            raise self._diverged(loss)
        position = self.position
        position.mass += add_up(position.sums, values, batch)
        position.rows += len(batch[0])
        position.batch += 1
        position.step += 1
        self._loss = loss
        self.history.add_step(loss)

    def _after_step(self) -> str | None:
        """Do what is due after a step, and return why to stop, or None."""
        self._progress.step(self._snapshot)
        if self._watchers:
            state = self._state()
            for callback in self._watchers:
                callback.on_step_end(state)
        every = self._settings.every
        if every is not None and self.position.step % every == 0:
            self._save(is_finished=False)
        if self._interrupt.requested:
            return _INTERRUPTED
        if self._clocks:
            seconds = self._seconds()
            return next((reason for rule in self._clocks if (reason := rule.reason_at(seconds))), None)
        return None

    def _record(self) -> None:
        """Validate, add the row of the epoch to the history, and go to the start of the next."""
        position = self.position
        row: dict[str, float] = {"epoch": position.epoch + 1}
        row |= self._means()
        if self._validation is not None:
            measured = measure(self._programs, self._validation)
            row |= {f"validation {name}": value for name, value in measured.items()}
        seconds = self._seconds()
        row["seconds"], self._recorded = seconds - self._recorded, seconds
        self.history.add(row)
        self._ended = (position.epoch + 1, position.batch)
        position.epoch += 1
        position.batch, position.rows, position.mass = 0, 0, 0.0
        position.sums = [0.0] * len(position.sums)
        if self._keeper is not None and self._keeper.best_epoch(self.history) == len(self.history) - 1:
            self._best = {name: each.value.copy() for name, each in self._of_model().items()}
        self._progress.epoch(row, self._last)

    def _reason(self) -> str | None:
        """Return why to stop between two epochs, or None."""
        rules = self._settings.stop if len(self.history) else ()
        reasons = (rule.reason(self.history) for rule in rules)
        reason = next((each for each in reasons if each), None)
        if reason is None and self.position.epoch >= self._last:
            epochs = self._settings.epochs
            reason = f"all {epochs} epochs are done" if epochs > 1 else "the epoch is done"
        return reason

    def _finish(self, reason: str) -> None:
        """End the run for a reason."""
        self.history.stopped = reason
        if reason == _INTERRUPTED:
            self._save(is_finished=False)
            raise KeyboardInterrupt
        carried = self._of_model()
        for name, value in self._best.items():
            carried[name].value = value

    # ------------------------------------------------------------------------------------------------ looking at it

    def _means(self) -> dict[str, float]:
        return self._programs.finished(means(self.position.sums, self.position.rows, self.position.mass))

    def _seconds(self) -> float:
        return time.perf_counter() - self._since

    def _snapshot(self) -> Snapshot:
        first, position = self.position.first, self.position
        return Snapshot(position.epoch + 1, self._last, position.batch, self._feed.batches, self._means(), first)

    def _state(self) -> TrainingState:
        epoch, batch = self._ended or (self.position.epoch + 1, self.position.batch)
        return TrainingState(epoch, batch, self.position.step, self._loss, self._seconds(), self.history)

    def _tell(self, event: str, *details: Any) -> None:
        for callback in self._settings.callbacks:
            getattr(callback, event)(self._state(), *details)

    def _of_model(self) -> dict[str, Parameter]:
        """What makes the model what it is: its parameters and its state, without those of the optimiser."""
        carried = self._programs.carried()
        return {name: each for name, each in carried.items() if name.startswith(("parameters.", "state."))}

    # ------------------------------------------------------------------------------------------------ checkpoints

    def _open(self, folder: CheckpointFolder) -> None:
        """Go on from the checkpoint in the folder, if so asked; otherwise see that none is lost."""
        folder.clean()
        if not folder.exists():
            return
        checkpoint = folder.read()
        if not self._settings.resume:
            if not checkpoint.finished:
                raise TrainingError(
                    f"{folder.file} holds a run that was interrupted in epoch {checkpoint.position.epoch + 1}",
                    why="a new run would write over it",
                    instead="go on with it by fit(..., resume=True), give another folder, or remove this one",
                )
            return
        check_same_run(checkpoint.run, self._settings.run or {}, folder.file)
        place, batches = checkpoint.position, self._feed.batches
        if len(place.sums) != len(self.position.sums) or (batches is not None and place.batch > batches):
            raise FileError(
                f"{folder.file} stands at batch {place.batch} with {len(place.sums)} sums",
                why=f"this run has {batches} batches an epoch and {len(self.position.sums)} sums",
                instead="take another copy, or start anew in another folder",
            )
        self._rebuild(checkpoint, folder)
        restore(self._programs.carried(), checkpoint, folder.file)
        self.position, self.history = checkpoint.position, checkpoint.history
        self.history.stopped = ""
        self._recorded = math.fsum(row["seconds"] for row in self.history.rows)
        self._best = checkpoint.best if self._keeper is not None else {}

    def _rebuild(self, checkpoint: Checkpoint, folder: CheckpointFolder) -> None:
        """Build the programs that the interrupted process had built."""
        try:
            self._programs.rebuild(checkpoint.layouts)
        except BacklitError as error:
            raise FileError(
                f"{folder.file} names batches that this model cannot be built for: {error.what}",
                why="it was made by hand, or by another model",
                instead="take another copy, or start anew in another folder",
            ) from error

    def _save(self, *, is_finished: bool) -> None:
        folder = self._settings.folder
        if folder is None:
            return
        self.position.seconds = self._seconds()
        arrays = {name: each.value for name, each in self._programs.carried().items()}
        run, layouts = dict(self._settings.run or {}), self._programs.layouts
        folder.write(Checkpoint(self.position, self.history, arrays, self._best, layouts, run, is_finished))
        self._tell("on_checkpoint", folder.file)

    # ------------------------------------------------------------------------------------------------ gone wrong

    def _diverged(self, loss: float) -> TrainingError:
        """Take the ruinous step back, and return the error that says so."""
        position = self.position
        place = Place(position.epoch + 1, position.batch + 1, position.step + 1, self._rewind.take_back())
        position.step -= max(place.undone - 1, 0)
        self.history.stopped = f"the loss became {loss} in epoch {place.epoch}, step {place.step}"
        return divergence(loss, place, self.history, self._programs)


def _in_words(error: BaseException) -> str:
    return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else f"an error: {type(error).__name__}"
