"""Modules made of modules: one after the other, around a shortcut; and the joint between pictures and rows."""

from collections.abc import Iterator, Mapping
from typing import overload

from backlit.errors import ArgumentError, ShapeError
from backlit.graph.node import Node
from backlit.graph.ops import add, flatten
from backlit.nn.configuration import summary_of
from backlit.nn.module import Module

__all__ = ["Flatten", "Residual", "Sequential"]


def _check_module(value: object, where: str) -> Module:
    if isinstance(value, Module):
        return value
    if isinstance(value, type) and issubclass(value, Module):
        instead = f"write {value.__name__}(), with the parentheses"
    elif isinstance(value, (list, tuple)):
        instead = "write Sequential(*layers), with the asterisk"
    elif callable(value):
        instead = "for an activation write its module, as bl.nn.ReLU(); for anything else a Module with a forward"
    else:
        instead = "give it modules, such as bl.nn.Linear(3, 2)"
    raise ArgumentError(f"{where} is made of modules; received {value!r}", instead=instead)


class Sequential(Module):
    """Apply modules one after the other: y = f_n(… f_2(f_1(x))).

    Its modules are called ``0``, ``1``, …, and their parameters ``0.weight`` and so on. A slice of it is a Sequential
    of the same modules.

    Args:
        *layers: The modules, from the input to the output.

    Raises:
        ArgumentError: If there are none, or something else is among them.

    Example:
        >>> import backlit as bl
        >>> model = Sequential(bl.nn.Linear(2, 3), bl.nn.ReLU(), bl.nn.Linear(3, 1))
        >>> model
        Sequential: 13 parameters
        ├── 0: Linear(2, 3): 9 parameters
        ├── 1: ReLU
        └── 2: Linear(3, 1): 4 parameters
        >>> len(model), model[1]
        (3, ReLU)
    """

    def __init__(self, *layers: Module) -> None:
        if not layers:
            raise ArgumentError("Sequential() has no modules", instead="give it at least one, or write Identity()")
        self.layers = tuple(_check_module(layer, "Sequential") for layer in layers)

    def parts(self) -> Mapping[str, object]:
        """Return the modules under their numbers."""
        return {str(place): layer for place, layer in enumerate(self.layers)}

    def forward(self, x: Node) -> Node:
        """Build the modules one after the other.

        Args:
            x: What the first module takes.

        Returns:
            What the last module gives.
        """
        for layer in self.layers:
            x = layer(x)
        return x

    def stages(self) -> list[tuple[str, Module]]:
        """Return the modules that are applied one after the other, chains within this one written out."""
        return [
            (f"{place}.{path}" if path else str(place), stage)
            for place, layer in enumerate(self.layers)
            for path, stage in layer.stages()
        ]

    def takes(self) -> str:
        """Say what the first module takes that is particular about it."""
        return next((words for layer in self.layers if (words := layer.takes())), "")

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    @overload
    def __getitem__(self, place: int) -> Module: ...
    @overload
    def __getitem__(self, place: slice) -> "Sequential": ...
    def __getitem__(self, place: int | slice) -> Module:
        if isinstance(place, slice):
            return Sequential(*self.layers[place])
        if not -len(self) <= place < len(self):
            raise ArgumentError(f"there is no module {place} among the {len(self)} of this Sequential")
        return self.layers[place]


class Residual(Module):
    """Add a module's answer to its input: y = x + f(x).

    He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2016).

    Args:
        inner: The module f, whose answer has the shape of its input.

    Raises:
        ArgumentError: If it is no module.

    Example:
        >>> import backlit as bl
        >>> Residual(bl.nn.ReLU()).predict([[-1.0, 2.0]]).tolist()
        [[-1.0, 4.0]]
    """

    def __init__(self, inner: Module) -> None:
        self.inner = _check_module(inner, "Residual")

    def forward(self, x: Node) -> Node:
        """Build x + f(x).

        Args:
            x: What the inner module takes.

        Returns:
            A node of the same shape.

        Raises:
            ShapeError: If the inner module's answer has another shape.
        """
        answer = self.inner(x)
        if answer.shape != x.shape:
            raise ShapeError(
                f"{self._label()} adds {answer!r} to {x!r}",
                why="the answer of the inner module must have the shape of its input",
                instead="let its last layer give as many features as its first one takes",
            )
        return add(x, answer)

    def formula(self, argument: str, path: str = "") -> str:
        """Write x + f(x), with the inner module on one line."""
        if len(self.inner.stages()) > 1:
            return f"{argument} + {summary_of(self.inner)}({argument})"
        return f"{argument} + {self.inner.formula(argument, f'{path}.inner' if path else 'inner')}"

    def takes(self) -> str:
        """Say what the inner module takes."""
        return self.inner.takes()


class Flatten(Module):
    """Make one row of each example: (rows, a, b, …) becomes (rows, a·b·…).

    Example:
        >>> import numpy as np
        >>> Flatten().predict(np.zeros((5, 28, 28))).shape
        (5, 784)
    """

    def forward(self, x: Node) -> Node:
        """Build the rows.

        Args:
            x: Values of shape (rows, ...).

        Returns:
            A node of shape (rows, features).

        Raises:
            ShapeError: If there is no axis of rows.
        """
        if x.rank == 0:
            raise ShapeError(f"{self._label()} takes rows of values; received the single number {x!r}")
        return flatten(x, start=1) if x.rank > 1 else x
