"""Prediction: a model run over arrays of any number of rows, batch by batch.

A program is specialised to its shapes, so there is one for each shape of batch, the last, ragged one included. They are
kept, the most recently used ones, for as long as the model they were built from stays as it was; what training changes
is inside the parameters, and needs no new program. This module knows no module, only what has parts, and a function
that builds a graph.
"""

import contextvars
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from itertools import chain
from operator import is_
from typing import Any

import numpy as np
import numpy.typing as npt

from backlit.engines import compile
from backlit.engines.engine import Program
from backlit.errors import ArgumentError, DataError, ShapeError
from backlit.graph.leaves import Parameter, input
from backlit.graph.node import Array, Node
from backlit.graph.spec import default_float, precision
from backlit.nn.checks import check_count
from backlit.nn.walk import Composite, walk

__all__ = ["LARGEST_BATCH", "Predictor", "Version"]

LARGEST_BATCH = 1024
"""How many rows are computed at once where the user does not say."""

_PROGRAMS = 8
"""How many programs are kept for each model."""

Build = Callable[..., Node]


class Predictor:
    """The programs of one model.

    Example:
        >>> Predictor().run(lambda x: x * 2.0, (np.ones((3, 1)),), float_type="float64", version=0).tolist()
        [[2.0], [2.0], [2.0]]
    """

    def __init__(self) -> None:
        self._programs: OrderedDict[Hashable, Program] = OrderedDict()
        self._version: object = None
        self._current: Version | None = None

    def version(self, model: Composite) -> "Version":
        """Return the version of a model as it is now; the one known already where nothing has changed.

        Args:
            model: The model whose programs these are.

        Example:
            >>> import backlit as bl
            >>> predictor, model = Predictor(), bl.nn.ReLU()
            >>> predictor.version(model) is predictor.version(model)
            True
        """
        if self._current is None or not self._current.still_holds():
            self._current = Version(model)
        return self._current

    def __len__(self) -> int:
        return len(self._programs)

    def run(
        self,
        build: Build,
        inputs: Sequence[npt.ArrayLike],
        *,
        float_type: str,
        version: object,
        batch_size: int | None = None,
        engine: str | None = None,
    ) -> Array:
        """Compute what a model says of each row.

        Args:
            build: ``(*inputs) -> node``, the model's forward pass.
            inputs: Arrays of shape (rows, ...), one for each argument of the model.
            float_type: The data type to which floats are brought.
            version: What the programs depend on besides shapes; when it differs, they are built anew.
            batch_size: How many rows are computed at once.
            engine: Which engine runs it; None picks.

        Returns:
            An array of shape (rows, ...).

        Raises:
            DataError: If the inputs are no arrays of numbers with equally many rows.
            ArgumentError: If the batch size is not at least 1.
            ShapeError: If the model's answer does not have one entry for each row.
        """
        if version is not self._version and version != self._version:
            self._programs.clear()
            self._version = version
        if batch_size is None and {type(value) for value in inputs} == {np.ndarray}:  # as most often
            known = self._known(_key(inputs, float_type, engine))  # type: ignore[arg-type]
            if known and len(inputs[0]) <= LARGEST_BATCH:  # type: ignore[arg-type]
                answer: Array = known(*inputs)
                return answer
        arrays = [_as_rows(value, float_type) for value in inputs]
        rows = _count_rows(arrays)
        size = LARGEST_BATCH if batch_size is None else check_count(batch_size, "batch_size")
        if rows == 0:
            outside = _outside(build, [np.zeros((1, *array.shape[1:]), array.dtype) for array in arrays])[1]
            return np.empty((0, *outside.shape[1:]), dtype=outside.dtype)
        if rows <= size:
            whole: Array = self._program(build, arrays, float_type, engine)(*arrays)
            return whole
        parts = []
        for start in range(0, rows, size):
            batch = [array[start : start + size] for array in arrays]
            parts.append(self._program(build, batch, float_type, engine)(*batch))
        return np.concatenate(parts)

    def _program(self, build: Build, batch: list[Array], float_type: str, engine: str | None) -> Program:
        key = _key(batch, float_type, engine)
        known = self._known(key)
        if known:
            return known
        inputs, output = _outside(build, batch)
        program = compile(inputs, output, engine=engine)
        self._programs[key] = program
        if len(self._programs) > _PROGRAMS:
            self._programs.popitem(last=False)
        return program

    def _known(self, key: Hashable) -> Program | None:
        program = self._programs.get(key)
        if program:
            self._programs.move_to_end(key)
        return program


def _key(batch: Sequence[Array], float_type: str, engine: str | None) -> Hashable:
    """Name the program for a batch: an array that is not brought to the float type yet names none."""
    return (engine, float_type, default_float(), *[(array.shape, array.dtype) for array in batch])


class Version:
    """What a program was built from, besides shapes: modules and their settings, compared one by one.

    It holds on to what it compares, so that no new object can pass for an old one.

    Args:
        model: The model.

    Example:
        >>> import backlit as bl
        >>> model = bl.nn.LeakyReLU(0.1)
        >>> before = Version(model)
        >>> model.slope = 0.2
        >>> Version(model) == before
        False
    """

    def __init__(self, model: Composite) -> None:
        self._held = [found.thing for found in walk(model)]
        self._settings = [
            (name, value)
            for thing in self._held
            if isinstance(thing, Composite)
            for name, value in vars(thing).items()
            if name != "_predictor"
        ]
        # A view of a dictionary shows what is in it at any time.
        views = [_values(parts) for thing in self._held for parts in _containers(thing)]
        self._views, self._sizes, self._seen = views, list(map(len, views)), list(chain.from_iterable(views))

    def still_holds(self) -> bool:
        """Say whether nothing has been replaced since: quickly, and no where it would take a closer look.

        Example:
            >>> import backlit as bl
            >>> model = bl.nn.LeakyReLU(0.1)
            >>> version = Version(model)
            >>> before = version.still_holds()
            >>> model.slope = 0.2
            >>> before, version.still_holds()
            (True, False)
        """
        return list(map(len, self._views)) == self._sizes and all(
            map(is_, chain.from_iterable(self._views), self._seen)
        )

    @cached_property
    def trained_type(self) -> str | None:
        """The data type of the first parameter that is trained, if there is one."""
        return next((thing.dtype for thing in self._held if isinstance(thing, Parameter) and thing.trainable), None)

    @property
    def float_type(self) -> str:
        """The data type of the first parameter that is trained; without one, that of ``precision``."""
        return self.trained_type or default_float()

    def _key(self) -> list[Hashable]:
        plain = (bool, int, float, str, type(None))
        key: list[Hashable] = [id(thing) for thing in self._held]
        key += [(name, value if isinstance(value, plain) else id(value)) for name, value in self._settings]
        return key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key() == other._key()

    __hash__ = None  # type: ignore[assignment]


def _containers(thing: object) -> list[Any]:
    """List what holds the parts of a composite: its attributes, and the lists and dictionaries among them."""
    if not isinstance(thing, Composite):
        return []
    found: list[Any] = []
    waiting: list[Any] = [vars(thing)]
    while waiting:
        parts = waiting.pop()
        found.append(parts)
        inside = [value for value in _values(parts) if isinstance(value, (list, tuple, dict))]
        waiting += [value for value in inside if not any(value is one for one in found)]
    return found


def _values(parts: Any) -> Any:
    return parts.values() if isinstance(parts, dict) else parts


def _outside(build: Build, batch: list[Array]) -> tuple[list[Any], Node]:
    """Build the graph outside of every scope: no training, no boxes of whoever asks; only the precision stays."""
    names = ["x"] if len(batch) == 1 else [f"x{place}" for place in range(1, len(batch) + 1)]

    def inside(float_type: str) -> tuple[list[Any], Node]:
        with precision(float_type):
            inputs = [input(name, array.shape, array.dtype) for name, array in zip(names, batch, strict=True)]
            return inputs, build(*inputs)

    inputs, output = contextvars.Context().run(inside, default_float())
    rows = len(batch[0])
    if output.rank == 0 or output.shape[0] != rows:
        raise ShapeError(
            f"the model answered {rows} row{'s' * (rows != 1)} with {output!r}",
            why="predict goes through the rows in batches and joins the answers along the first axis",
            instead="keep the first axis for the rows; for one row write model.predict(x[None])",
        )
    return inputs, output


def _as_rows(value: npt.ArrayLike, float_type: str) -> Array:
    if isinstance(value, Node):
        raise ArgumentError(
            f"predict takes arrays; received the node {value!r}", instead="to build a graph call the model: model(x)"
        )
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise DataError("predict received rows of unequal length", why=str(error)) from error
    if array.dtype.kind not in "biuf":
        raise DataError(f"predict received values of data type {array.dtype}", why="a model computes with numbers")
    if array.ndim == 0:
        raise DataError(
            f"predict received the single number {array!r}",
            why="the first axis holds the rows",
            instead="for one row write model.predict([row])",
        )
    return array.astype(float_type, copy=False) if array.dtype.kind == "f" else array


def _count_rows(arrays: list[Array]) -> int:
    counts = [len(array) for array in arrays]
    if not counts or len(set(counts)) > 1:
        raise DataError(f"the inputs of predict have {counts} rows", why="row by row they belong together")
    return counts[0]
