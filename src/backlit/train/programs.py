"""The programs of a training run: forward, backward and update as one, for each shape of batch that occurs.

A program is specialised to shapes; the last batch of an epoch is often smaller than the others. So one program is kept
for each layout of a batch, and one more for evaluation. All of them share the parameters of the model, the state of
the optimiser and whatever else a step carries to the next.

This module imports the graph, the engines' protocol, the optimisers and the errors; it knows nothing of the loop.
"""

from __future__ import annotations  # annotations must not load numpy.typing

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from backlit.engines.engine import Engine, Program, compile
from backlit.errors import ArgumentError, DTypeError, GraphError, NotScalarError, ShapeError, TrainingError
from backlit.graph.leaves import Input, Parameter, input
from backlit.graph.node import Application, Array, Node
from backlit.graph.ops import expand_dims
from backlit.graph.spec import is_integer, precision
from backlit.graph.training import training
from backlit.optim.optimizer import Optimizer
from backlit.train.metrics import MetricFunction, metric_name

__all__ = ["Layout", "LossFunction", "Model", "PenaltyFunction", "Programs"]

LossFunction = Callable[..., Node]
"""What a loss is: output and targets, and perhaps ``sample_weights``, to one number."""

PenaltyFunction = Callable[[Mapping[str, Parameter]], Node]
"""What a penalty is: the parameters by name to one number that is added to the loss."""

_KEPT = 64
"""How many programs of either sort are kept; batches of more shapes than this are compiled again and again."""

_ROLES = ("inputs", "targets", "weights")

Layout = tuple[tuple[tuple[int, ...], np.dtype[Any]], ...]
"""The shape and data type of each part of a batch."""


class Model(Protocol):
    """What can be trained: a ``bl.nn.Module``, or any object with these three methods.

    Example:
        >>> import backlit as bl
        >>> class Scale:
        ...     def __init__(self):
        ...         self.factor = bl.parameter(2.0, name="factor")
        ...     def __call__(self, x):
        ...         return x * self.factor
        ...     def parameters(self):
        ...         return {"factor": self.factor}
        ...     def state(self):
        ...         return {}
        >>> model: Model = Scale()
    """

    def __call__(self, inputs: Node, /) -> Node:
        """Build the output for a batch of inputs."""
        ...

    def parameters(self) -> Mapping[str, Parameter]:
        """Return the trainable parameters by name."""
        ...

    def state(self) -> Mapping[str, Parameter]:
        """Return what else the model carries along, by name."""
        ...


class Programs:
    """Everything that runs in training, and everything that a step changes.

    Args:
        model: What is trained.
        loss: What is to become small.
        optimizer: How a step changes the parameters.
        metrics: What else is measured, one or several.
        penalty: What is added to the loss, or None.
        engine: Which engine runs it; None picks.

    Raises:
        TrainingError: If the model has nothing to train.
        ArgumentError: If one of these is of another kind.

    Example:
        >>> import backlit as bl
        >>> model = bl.nn.Sequential(bl.nn.Linear(2, 1, rng=0))
        >>> programs = Programs(model, bl.losses.squared_error, bl.optim.SGD(0.1))
        >>> batch = np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)
        >>> programs.training(batch) is programs.training(batch)
        True
        >>> programs.columns
        ('loss',)
    """

    def __init__(
        self,
        model: Model,
        loss: LossFunction,
        optimizer: Optimizer,
        metrics: MetricFunction | Sequence[MetricFunction] = (),
        penalty: PenaltyFunction | None = None,
        engine: str | Engine | None = None,
    ) -> None:
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.penalty = penalty
        self.engine = engine
        self.metrics = (metrics,) if callable(metrics) else tuple(metrics)
        self.columns = self._named_columns()
        _check_kinds(model, loss, optimizer, penalty)
        self.parameters = dict(model.parameters())
        if not self.parameters:
            raise TrainingError(
                f"{type(model).__name__} has no trainable parameters",
                why="training changes parameters, and there is none to change",
                instead="give it a layer with parameters, such as bl.nn.Linear, as an attribute of the module",
            )
        names = {parameter.dtype for parameter in self.parameters.values()}
        self.dtype = np.dtype("float64" if "float64" in names else "float32")
        self.optimizer_state = optimizer.state(self.parameters)
        self.others: list[Parameter] = []  # what only the loss or the penalty carries along
        self.layouts: list[Layout] = []  # of the training programs, in the order in which they were built
        self._training: dict[Layout, Program] = {}
        self._evaluation: dict[Layout, Program] = {}

    def training(self, batch: Sequence[Array]) -> Program:
        """Return the program of a training step on batches of this layout.

        Args:
            batch: Inputs, targets and perhaps weights, in the model's data types.

        Returns:
            A program that takes such a batch, answers with the loss and the metrics, and applies the updates.

        Raises:
            ShapeError: If inputs, model, loss and targets do not fit together.
            NotScalarError: If the loss is not a single number.
        """
        layout = tuple([(part.shape, part.dtype) for part in batch])
        program = self._training.get(layout)
        if program is None:
            program = self._built(layout, is_training=True)
            _keep(self._training, layout, program)
        return program

    def evaluation(self, batch: Sequence[Array]) -> Program:
        """Return the program that measures batches of this layout and changes nothing.

        Args:
            batch: Inputs, targets and perhaps weights, in the model's data types.

        Returns:
            A program that takes such a batch and answers with the loss and the metrics.

        Raises:
            ShapeError: If inputs, model, loss and targets do not fit together.
        """
        layout = tuple([(part.shape, part.dtype) for part in batch])
        program = self._evaluation.get(layout)
        if program is None:
            program = self._built(layout, is_training=False)
            _keep(self._evaluation, layout, program)
        return program

    def finished(self, means: Sequence[float]) -> dict[str, float]:
        """Return the columns of the history, made of the means over all rows.

        Args:
            means: One for each output of a program.

        Returns:
            The numbers by column.
        """
        last = [None] * (len(means) - len(self.metrics)) + [getattr(metric, "finish", None) for metric in self.metrics]
        return {
            column: mean if finish is None else float(finish(mean))
            for column, mean, finish in zip(self.columns, means, last, strict=True)
        }

    def carried(self) -> dict[str, Parameter]:
        """Return everything that a step may change, by name: parameters, state of the model and of the optimiser.

        What a loss or a penalty carries along (a random generator of its own) is known once a program is built.

        Returns:
            The parameters, each name beginning with where it belongs.
        """
        parts = {"parameters": self.parameters, "state": self.model.state(), "optimizer": self.optimizer_state}
        named = {f"{part}.{name}": each for part, those in parts.items() for name, each in those.items()}
        return named | {f"others.{index}": each for index, each in enumerate(self.others)}

    def rebuild(self, layouts: Sequence[Layout]) -> None:
        """Build the training programs that another process had built, in the same order.

        What only a loss carries along (a random generator of its own) is found, and numbered, as programs are built;
        afterwards ``carried`` names the same as it did there.

        Args:
            layouts: Those of the other process.
        """
        for layout in layouts:
            if layout not in self.layouts:
                _keep(self._training, layout, self._built(layout, is_training=True))

    # ------------------------------------------------------------------------------------------------ building

    def _named_columns(self) -> tuple[str, ...]:
        columns = ["loss", *(["penalty"] if self.penalty is not None else []), *map(metric_name, self.metrics)]
        taken = {"epoch", "seconds", *columns}
        if len(taken) < len(columns) + 2:
            raise ArgumentError(
                f"the columns of the history would be {', '.join(columns)}",
                why="each column needs a name of its own, and epoch, loss and seconds are taken",
                instead='name a metric with bl.metrics.Metric("another name", function)',
            )
        return tuple(columns)

    def _built(self, layout: Layout, *, is_training: bool) -> Program:
        with precision(self.dtype.name):
            inputs = [input(role, shape, dtype.name) for role, (shape, dtype) in zip(_ROLES, layout, strict=False)]
            if not is_training:
                return compile(inputs, self._outputs(inputs), engine=self.engine)
            with training() as mode:
                outputs = self._outputs(inputs)
                updates = self.optimizer.updates(outputs[0], self.parameters, self.optimizer_state)
            updates = {**updates, **mode.updates}
        known = set(self.carried().values())
        self.others += [parameter for parameter in updates if parameter not in known]
        self.layouts += [] if layout in self.layouts else [layout]
        return compile(inputs, outputs, updates, engine=self.engine)

    def _outputs(self, inputs: list[Input]) -> list[Node]:
        """Build the loss, the penalty if there is one, and the metrics."""
        target: Node = inputs[1]
        output = self._output(inputs[0])
        if output.rank == 2 and output.shape == (*target.shape, 1):
            target = expand_dims(target, axis=-1)  # one output: rows in a line would broadcast to rows × rows
        loss = _named(self._loss(output, target, inputs[2] if len(inputs) > 2 else None), "loss")
        extra: list[Node] = []
        if self.penalty is not None:
            penalty = self.penalty(self.parameters)
            _check_scalar(penalty, self.penalty, "penalty", output, target)
            extra.append(penalty)
            loss = _named(loss + penalty, "penalised_loss")
        for metric in self.metrics:
            measured = metric(output, target)
            _check_scalar(measured, metric, "metric", output, target)
            extra.append(measured)
        return [loss, *extra]

    def _output(self, x: Input) -> Node:
        try:
            output = self.model(x)
        except DTypeError as error:
            if not is_integer(x.dtype):
                raise
            raise DTypeError(
                f"the model could not be built on the inputs {x!r}: {error.what}",
                why="whole numbers are kept as they are, since they may name things, such as the words of a text",
                instead='if they measure something, make them floats: inputs.astype("float32")',
                line=error.line,
            ) from error
        if not isinstance(output, Node):
            raise GraphError(
                f"the model returned {output!r}, of type {type(output).__name__}",
                instead="let its forward method return one node",
            )
        return output

    def _loss(self, output: Node, target: Node, weights: Node | None) -> Node:
        settings = {}
        if weights is not None:
            _check_takes_weights(self.loss)
            settings = {"sample_weights": weights}
        try:
            loss = self.loss(output, target, **settings)
        except (ShapeError, DTypeError) as error:
            raise type(error)(
                f"the loss {_name_of(self.loss)} cannot compare the output {output!r} with the targets {target!r}: "
                f"{error.what}",
                why=error.why,
                instead=error.instead,
                line=error.line,
            ) from error
        _check_scalar(loss, self.loss, "loss", output, target)
        return loss


def _keep(programs: dict[Layout, Program], layout: Layout, program: Program) -> None:
    if len(programs) >= _KEPT:
        del programs[next(iter(programs))]
    programs[layout] = program


def _named(node: Node, name: str) -> Node:
    return node.named(name) if isinstance(node, Application) and node.name is None else node


def _name_of(function: object) -> str:
    return str(getattr(function, "__name__", None) or getattr(function, "name", None) or repr(function))


def _check_kinds(model: object, loss: object, optimizer: object, penalty: object) -> None:
    for value, what, remedy in (
        (loss, "loss", "loss=bl.losses.cross_entropy, the function itself without parentheses"),
        (penalty if penalty is not None else len, "penalty", "penalty=bl.losses.L2(1e-4)"),
    ):
        if not callable(value):
            raise ArgumentError(f"the {what} is {value!r}", why="it must be a function", instead=f"write {remedy}")
    if not isinstance(optimizer, Optimizer):
        raise ArgumentError(
            f"the optimizer is {optimizer!r}",
            why="an optimiser says how a step changes the parameters",
            instead="write optimizer=bl.optim.Adam(1e-3), with its learning rate",
        )
    missing = [name for name in ("parameters", "state") if not callable(getattr(model, name, None))]
    if not callable(model) or missing or isinstance(model, type):
        raise ArgumentError(
            f"the model is {model!r}",
            why="a model can be called and tells its parameters and its state",
            instead="pass a bl.nn.Module, such as bl.nn.Sequential(bl.nn.Linear(784, 10))",
        )


def _check_takes_weights(loss: LossFunction) -> None:
    try:
        known = inspect.signature(loss).parameters
    except (TypeError, ValueError):
        return  # it does not tell; calling it will
    if "sample_weights" not in known and all(each.kind is not each.VAR_KEYWORD for each in known.values()):
        raise ArgumentError(
            f"the data has weights, and the loss {_name_of(loss)} takes none",
            why="the weight of each row is handed to the loss as sample_weights",
            instead=f"write def {_name_of(loss)}(output, targets, sample_weights=None), or train without weights",
        )


def _check_scalar(value: object, function: object, what: str, output: Node, target: Node) -> None:
    """Check that what a loss, a penalty or a metric returned is one number."""
    name = _name_of(function)
    if not isinstance(value, Node):
        raise ArgumentError(
            f"the {what} {name} returned {value!r}, of type {type(value).__name__}",
            why="it becomes part of the graph, and must be a node made of nodes",
            instead="compute it with backlit's own functions, such as bl.mean((output - target) ** 2)",
        )
    if value.shape != ():
        raise NotScalarError(
            f"the {what} {name} returned {value!r} for the output {output!r} and the targets {target!r}",
            why="it must be a single number: only one number can be made small, or put into a column",
            instead='take the mean over the rows, with bl.mean(...) or reduction="mean"',
        )
