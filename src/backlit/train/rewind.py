"""Rewind: taking back the step that ruined everything.

A step computes the loss and changes the parameters in one program, so by the time a loss is found to be infinite the
parameters are spoilt too. Guarding every update inside the program would cost every step. Instead a copy of everything
a step changes is kept from a few steps ago, with the batches since; running those again gives the same bits up to the
last step that was good.

This module imports NumPy, the engines' protocol and the programs beside it.
"""

from __future__ import annotations  # annotations must not load numpy.typing

import numpy as np

from backlit.engines.engine import Program
from backlit.graph.leaves import Parameter
from backlit.graph.node import Array
from backlit.train.programs import Programs

__all__ = ["Rewind"]

_STEPS = 64
"""How many steps may have to be run again."""

_BYTES = 32 << 20
"""About how much memory the batches of these steps may take; with larger ones the copy is renewed sooner."""


class Rewind:
    """What is needed to take back the last steps.

    Args:
        programs: What runs, and what it changes.

    Example:
        >>> import backlit as bl
        >>> model = bl.nn.Linear(1, 1, weight_initialiser=bl.nn.initialisers.Zeros(), rng=0)
        >>> programs = Programs(model, bl.losses.squared_error, bl.optim.SGD(0.25))
        >>> batch = np.ones((1, 1), np.float32), np.ones((1, 1), np.float32)
        >>> step, rewind = programs.training(batch), Rewind(programs)
        >>> for _ in range(2):
        ...     rewind.before(step, batch)
        ...     print(float(step(*batch)[0]), model.weight.value.tolist())
        1.0 [[0.5]]
        0.0 [[0.5]]
        >>> rewind.take_back()
        1
    """

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._copies: dict[Parameter, Array] = {}
        self._since: list[tuple[Program, tuple[Array, ...]]] = []
        self._others = 0
        self._limit = _STEPS
        self._is_due = True

    def renew(self) -> None:
        """Have a fresh copy made before the next step, because somebody else may change the parameters."""
        self._is_due = True

    def before(self, program: Program, batch: tuple[Array, ...]) -> None:
        """Remember a step that is about to run.

        Args:
            program: The program.
            batch: What the program is given.
        """
        has_grown = self._others != len(self._programs.others)
        if self._is_due or has_grown or len(self._since) >= self._limit:
            self._copy()
            self._limit = max(1, min(_STEPS, _BYTES // (sum(part.nbytes for part in batch) + 1)))
        self._since.append((program, batch))

    def _copy(self) -> None:
        # An unfinished copy must never be taken for a good one, whenever Ctrl-C comes.
        self._is_due = True
        self._since.clear()
        self._others = len(self._programs.others)
        for parameter in self._programs.carried().values():
            kept = self._copies.get(parameter)
            if kept is None:
                self._copies[parameter] = parameter.value.copy()
            else:
                np.copyto(kept, parameter.value)
        self._is_due = False

    def take_back(self) -> int:
        """Bring everything back to what it was before the step that ruined it, at the latest before the last one.

        The step that ruined it is the first after which a loss or a parameter is not finite.

        Returns:
            How many steps were taken back.
        """
        if self._is_due or not self._since:
            return 0
        self._restore()
        good = 0
        for program, batch in self._since[:-1]:
            values = program(*batch)
            if not self._is_finite(values):
                break
            good += 1
        self._restore()
        for program, batch in self._since[:good]:
            program(*batch)
        undone = len(self._since) - good
        self._since.clear()
        self._is_due = True
        return undone

    def _restore(self) -> None:
        for parameter, kept in self._copies.items():
            parameter.value = kept

    def _is_finite(self, values: object) -> bool:
        losses = values if isinstance(values, list) else [values]
        everything = [np.asarray(losses[0]), *(parameter.value for parameter in self._copies)]
        return all(bool(np.isfinite(each).all()) for each in everything)
