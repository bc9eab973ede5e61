"""Divergence: what is said when the loss is no longer a number.

This module imports the graph, the optimisers' schedules, the errors, and the history and programs beside it.
"""

from __future__ import annotations  # annotations must not load numpy.typing

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backlit.errors import TrainingError
from backlit.graph.leaves import constant
from backlit.graph.node import Node
from backlit.optim.schedules import rate_at
from backlit.train.history import History
from backlit.train.programs import Programs

__all__ = ["Place", "divergence"]


@dataclass(frozen=True)
class Place:
    """Where training went wrong.

    Args:
        epoch: The epoch, from 1.
        batch: The batch in it, from 1.
        step: The step, from 1.
        undone: How many steps were taken back, this one included.

    Example:
        >>> Place(1, 5, 5, 1).batch
        5
    """

    epoch: int
    batch: int
    step: int
    undone: int


def divergence(loss: float, place: Place, history: History, programs: Programs) -> TrainingError:
    """Return the error for a loss that is not finite: where, what was before it, and what to try.

    Args:
        loss: NaN or an infinity.
        place: Where it appeared.
        history: What was recorded up to then; the error keeps it as ``history``.
        programs: What ran.

    Returns:
        The error, to be raised.

    Example:
        >>> import backlit as bl
        >>> programs = Programs(bl.nn.Linear(1, 1, rng=0), bl.losses.squared_error, bl.optim.SGD(9.0))
        >>> history = History()
        >>> for each in (1.0, 1e20):
        ...     history.add_step(each)
        >>> print(divergence(float("inf"), Place(1, 3, 3, 1), history, programs))
        the loss became inf in epoch 1, batch 3 (step 3), with learning rate 9; the last losses were 1, 1e+20
          why: the loss had been rising: ...; the parameters are left as they were before this step
          instead: try a learning rate ten times smaller, or clip_norm=1.0 in the optimiser, ...
    """
    recent = history.step_losses[-5:].tolist()
    before = (
        f"; the last losses were {', '.join(f'{each:.4g}' for each in recent)}"
        if recent
        else ", at the first step of this run"
    )
    error = TrainingError(
        f"the loss became {loss} in epoch {place.epoch}, batch {place.batch} (step {place.step}), "
        f"with learning rate {_learning_rate(programs)}{before}",
        why=f"{_why(recent)}; the parameters are left as they were {_ago(place.undone)}",
        instead=_remedy(recent, programs),
    )
    vars(error)["history"] = history
    return error


def _learning_rate(programs: Programs) -> str:
    """Return the learning rate of the step that would have come next."""
    rate: Any = programs.optimizer.learning_rate
    if callable(rate):
        rate = rate_at(rate, constant(programs.optimizer_state["step"].value))
    return f"{float(rate.evaluate() if isinstance(rate, Node) else rate):.4g}"


def _ago(undone: int) -> str:
    return "before this step" if undone <= 1 else f"{undone} steps ago, when all of them were finite for the last time"


def _why(recent: Sequence[float]) -> str:
    if not recent:
        return "nothing was learned yet, so the data, the initial parameters or the loss itself overflow"
    if len(recent) > 1 and recent[-1] > recent[0]:
        return "the loss had been rising: the steps are too large, and each overshoots the minimum by more"
    return "some value overflowed, or a logarithm or a division was taken of zero"


def _remedy(recent: Sequence[float], programs: Programs) -> str:
    if not recent:
        return "bring the inputs to a range of about -1 to 1, and look at model.predict(inputs) for values not finite"
    clip = "" if programs.optimizer.clip_norm else ", or clip_norm=1.0 in the optimiser"
    return f"try a learning rate ten times smaller{clip}, or inputs in a range of about -1 to 1"
