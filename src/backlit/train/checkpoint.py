"""Checkpoints: everything that a run needs to go on, in one file that is there whole or not at all.

The file is safetensors: the arrays of the model, of the optimiser and of the random generators, and in its metadata,
as JSON, where the run stood, its history, and what the run was, so that it is not continued as another one. A file may
come from anywhere: all of it is checked before anything is changed.

This module imports NumPy, `backlit.interop`, the errors and the modules beside it; it knows nothing of the loop.
"""

from __future__ import annotations  # annotations must not load numpy.typing

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from backlit.errors import BacklitError, FileError, TrainingError
from backlit.graph.leaves import Parameter
from backlit.graph.node import Array
from backlit.graph.shapes import check_shape
from backlit.graph.spec import check_dtype
from backlit.interop.tensors import read_tensors, write_tensors
from backlit.train.history import History
from backlit.train.programs import Layout

__all__ = ["Checkpoint", "CheckpointFolder", "Position", "check_same_run", "restore"]

_FILE = "checkpoint.safetensors"
_KEY = "backlit.checkpoint"
_FORMAT = 1
_STEP_LOSSES = "history.step_losses"
_BEST = "best."


@dataclass
class Position:
    """Where a run stands.

    Args:
        epoch: The number of the epoch that runs or comes next, from 0.
        batch: The number of the batch that comes next in it.
        step: How many steps were done in all.
        rows: How many rows of the epoch went into the sums.
        mass: How much the loss counts in its sum: the number of rows, or the sum of their weights.
        sums: For each output of the program its sum over these rows.
        seconds: How long the run has taken.
        first: The epoch with which the run began.

    Example:
        >>> Position(epoch=3).batch
        0
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    rows: int = 0
    mass: float = 0.0
    sums: list[float] = field(default_factory=list)
    seconds: float = 0.0
    first: int = 0


@dataclass
class Checkpoint:
    """What a checkpoint holds.

    Args:
        position: Where the run stands.
        history: What was recorded.
        arrays: The value of everything that a step carries to the next, by name.
        best: The parameters of the best epoch, by name; empty where nobody asked for them.
        layouts: Of the programs, in the order in which they were built.
        run: What the run is: what must be the same for a resumed run to end with the same bits.
        finished: Whether the run had come to its end.

    Example:
        >>> Checkpoint(Position(), History(), {}, {}, [], {"seed": 0}, finished=False).run
        {'seed': 0}
    """

    position: Position
    history: History
    arrays: dict[str, Array]
    best: dict[str, Array]
    layouts: list[Layout]
    run: dict[str, Any]
    finished: bool


class CheckpointFolder:
    """The folder in which a run keeps its checkpoint.

    Args:
        path: The folder; it is made where there is none.

    Raises:
        FileError: If it cannot be made.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as path:
        ...     folder = CheckpointFolder(path)
        ...     folder.write(Checkpoint(Position(step=7), History(), {}, {}, [], {"seed": 0}, finished=False))
        ...     folder.read().position.step
        7
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            raise FileError(
                f"the folder {self.path} for checkpoints cannot be made: {getattr(error, 'strerror', None) or error}",
                instead="give the path of a folder, in a place where you may write",
            ) from error
        self.file = self.path / _FILE

    def exists(self) -> bool:
        """Say whether there is a checkpoint.

        Returns:
            True if there is.
        """
        return self.file.exists()

    def clean(self) -> None:
        """Remove what is left of a checkpoint during whose writing the process was killed."""
        for left_over in self.path.glob(".*.backlit-temporary"):
            with contextlib.suppress(OSError):
                left_over.unlink()

    def write(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint in place of the one before.

        Args:
            checkpoint: What to write.

        Raises:
            FileError: If it cannot be written; the one before is still there then.
        """
        arrays = dict(checkpoint.arrays)
        arrays |= {_BEST + name: array for name, array in checkpoint.best.items()}
        arrays[_STEP_LOSSES] = checkpoint.history.step_losses
        table = {
            "format": _FORMAT,
            "written by": f"backlit {_version()}",
            "position": asdict(checkpoint.position),
            "rows": [dict(row) for row in checkpoint.history.rows],
            "stopped": checkpoint.history.stopped,
            "layouts": [[[shape, dtype.name] for shape, dtype in layout] for layout in checkpoint.layouts],
            "run": checkpoint.run,
            "finished": checkpoint.finished,
        }
        write_tensors(self.file, arrays, {_KEY: json.dumps(table, ensure_ascii=False)})

    def read(self) -> Checkpoint:
        """Read the checkpoint.

        Returns:
            What it holds.

        Raises:
            FileError: If it is missing, damaged, or no checkpoint.
        """
        arrays, texts = read_tensors(self.file)
        if _KEY not in texts:
            raise FileError(
                f"{self.file} is no checkpoint: it does not say where a run stood",
                why="it holds tensors, perhaps those of a model",
                instead="load a model with bl.load(path), or give another folder",
            )
        try:
            return _decoded(json.loads(texts[_KEY]), arrays)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, BacklitError) as error:
            raise FileError(
                f"{self.file} is no checkpoint that this version of backlit can read: {error}",
                why="it was damaged, made by hand, or written by another version",
                instead="take another copy, or start anew in another folder",
            ) from error


def _version() -> str:
    import importlib.metadata

    try:
        return importlib.metadata.version("backlit")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _decoded(table: dict[str, Any], arrays: dict[str, Array]) -> Checkpoint:
    if table["format"] != _FORMAT:
        raise ValueError(f"its format is {table['format']!r}, and this version reads {_FORMAT}")
    position = Position(**table["position"])
    counts = (position.epoch, position.batch, position.step, position.rows, position.first)
    if any(isinstance(count, bool) or not isinstance(count, int) or not 0 <= count < 1 << 62 for count in counts):
        raise ValueError(f"it stands at {position}")
    if not isinstance(position.seconds, float) or not position.seconds >= 0 or math.isinf(position.seconds):
        raise ValueError(f"it took {position.seconds!r} seconds")
    for number in (position.mass, *position.sums, *(number for row in table["rows"] for number in row.values())):
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise TypeError(f"{number!r} stands where a number should")
    if len(table["rows"]) != position.epoch - position.first or position.first < 0:
        raise ValueError(f"it holds {len(table['rows'])} epochs and stands at {position}")
    if any(not {"epoch", "loss", "seconds"} <= set(row) for row in table["rows"]):
        raise ValueError("an epoch lacks its loss or its time")
    losses = arrays.pop(_STEP_LOSSES)
    if losses.dtype != np.float64 or losses.ndim != 1 or len(losses) > position.step:
        raise ValueError("the losses of its steps are no list of numbers")
    if not isinstance(table["stopped"], str) or not isinstance(table["finished"], bool):
        raise TypeError("it does not say whether it was finished")
    history = History(table["rows"], losses, start=position.step - len(losses))
    history.stopped = table["stopped"]
    best = {name.removeprefix(_BEST): arrays.pop(name) for name in [*arrays] if name.startswith(_BEST)}
    layouts = [
        tuple((check_shape(shape), np.dtype(check_dtype(name))) for shape, name in layout)
        for layout in table["layouts"]
    ]
    if any(not 2 <= len(layout) <= 3 or any(not shape for shape, _ in layout) for layout in layouts):
        raise ValueError("a batch has inputs, targets and perhaps weights")
    return Checkpoint(position, history, arrays, best, layouts, dict(table["run"]), table["finished"])


def check_same_run(saved: Mapping[str, Any], current: Mapping[str, Any], file: Path) -> None:
    """Check that a run that is to go on is the one that was interrupted.

    Args:
        saved: What the run was.
        current: What it is now.
        file: Where the checkpoint lies, for the message.

    Raises:
        TrainingError: With everything that differs.

    Example:
        >>> check_same_run({"batch size": 32}, {"batch size": 64}, Path("a.safetensors"))
        Traceback (most recent call last):
        backlit.errors.TrainingError: the checkpoint a.safetensors belongs to another run: the batch size was 32, now 64
          why: a resumed run ends with the bits of one that was never interrupted, and so must be the same run
          instead: set these back, or give another folder (or remove this one) to start anew
    """
    differences = list(_differences(saved, current))
    if differences:
        raise TrainingError(
            f"the checkpoint {file} belongs to another run: {'; '.join(differences[:4])}"
            + (f"; and {len(differences) - 4} more differences" if len(differences) > 4 else ""),
            why="a resumed run ends with the bits of one that was never interrupted, and so must be the same run",
            instead="set these back, or give another folder (or remove this one) to start anew",
        )


def _differences(before: object, now: object, path: str = "the") -> Iterator[str]:
    """Say what differs between two trees of settings, leaf by leaf."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*before, *now]):
            yield from _differences(before.get(key, "absent"), now.get(key, "absent"), f"{path} {key}")
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, (one, other) in enumerate(zip(before, now, strict=True)):
            yield from _differences(one, other, f"{path} {index}")
    elif before != now:
        yield f"{path} was {before}, now {now}"


def restore(carried: Mapping[str, Parameter], checkpoint: Checkpoint, file: Path) -> None:
    """Write the arrays of a checkpoint into everything that a step carries along, or into nothing.

    Args:
        carried: What is to get its value back, by name.
        checkpoint: Where from.
        file: Where the checkpoint lies, for the message.

    Raises:
        FileError: If an array is missing, too many, or of another shape or data type; nothing is changed then.

    Example:
        >>> import backlit as bl
        >>> w = bl.parameter([1.0, 2.0])
        >>> saved = Checkpoint(Position(), History(), {"w": np.ones(2, np.float32)}, {}, [], {}, finished=False)
        >>> restore({"w": w}, saved, Path("a.safetensors"))
        >>> w.value.tolist()
        [1.0, 1.0]
    """
    wrong = [f"{name} is missing" for name in carried if name not in checkpoint.arrays]
    wrong += [f"nothing is called {name}" for name in [*checkpoint.arrays, *checkpoint.best] if name not in carried]
    for arrays in (checkpoint.arrays, checkpoint.best):
        for name, array in arrays.items():
            spec = f"{array.dtype.name}{list(array.shape)}"
            if name in carried and (array.dtype.name, array.shape) != (carried[name].dtype, carried[name].shape):
                wrong.append(f"{name} is {spec}, not {carried[name].dtype}{list(carried[name].shape)}")
    if wrong:
        raise FileError(
            f"{file} does not fit the model: {'; '.join(wrong[:3])}",
            why=f"{len(wrong)} of its arrays are not those that this model, this optimiser and their state have",
            instead="resume with the model and the optimiser of the run, or start anew in another folder",
        )
    for name, parameter in carried.items():
        parameter.value = checkpoint.arrays[name]
