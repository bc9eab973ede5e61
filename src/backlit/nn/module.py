"""Module: a part of a model that owns parameters, and the function that they take part in.

A module is an ordinary Python object. Its parameters, and the modules inside it, are those found among its attributes
(lists, tuples and dictionaries included), in the order of their definition: nothing has to be registered. Calling it
builds graph inside a box of its own name. This module knows no layer.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from backlit.errors import ArgumentError, GraphError
from backlit.graph.leaves import Parameter
from backlit.graph.node import OPERATORS, Array, Node
from backlit.graph.scope import call_scope, scope
from backlit.nn.configuration import configuration_of, summary_of
from backlit.nn.describe import Description, describe, tree_text
from backlit.nn.prediction import Predictor
from backlit.nn.walk import Composite, dotted, walk

__all__ = ["Module"]


@dataclass(frozen=True)
class _Call:
    """A call that is going on: of which module, at which path from the outermost, inside which other call."""

    paths: dict[int, tuple[str, ...]]
    path: tuple[str, ...]
    outer: "_Call | None"

    def path_to(self, module: "Module") -> tuple[str, ...]:
        """Find a module among the parts of the calls that are going on, the innermost first."""
        call: _Call | None = self
        while call is not None:
            if id(module) in call.paths:
                return call.paths[id(module)]
            call = call.outer
        return (type(module).__name__.lower(),)


_CALL: ContextVar[_Call | None] = ContextVar("call", default=None)


class Module(Composite):
    """A part of a model: write ``forward``, keep parameters and further modules as attributes.

    Keep every argument of the constructor as an attribute of the same name as well, so that the module can say how it
    is built again.

    Example:
        >>> import backlit as bl
        >>> class Scale(bl.nn.Module):
        ...     def __init__(self, factor):
        ...         self.factor = factor
        ...         self.weight = bl.parameter(factor)
        ...
        ...     def forward(self, x):
        ...         return x * self.weight
        >>> model = Scale(2.0)
        >>> model.predict([[1.0], [3.0]]).tolist()
        [[2.0], [6.0]]
        >>> model
        Scale(2.0): 1 parameter
    """

    is_affine: ClassVar[bool] = False
    """Whether it only multiplies with what does not depend on its input, and adds: two such in a row are one."""

    _predictor: Predictor

    def forward(self, *inputs: Any, **settings: Any) -> Node:
        """Build the graph of this module; every module writes its own.

        Args:
            *inputs: The nodes it is applied to.
            **settings: Whatever else the module lets a caller say.

        Returns:
            The node of its answer.

        Raises:
            GraphError: If the module's class has not written it.
        """
        raise GraphError(
            f"{type(self).__name__} has no forward",
            why="a module says what it computes in its method forward",
            instead=f"write in the class {type(self).__name__}: def forward(self, x): return ...",
        )

    def __call__(self, *inputs: Node, **settings: Any) -> Node:
        """Build the graph of this module inside a box of its name.

        The outermost call gives the parameters their names, the dotted paths of their places in the model.

        Args:
            *inputs: The nodes it is applied to.
            **settings: Handed on to ``forward``.

        Returns:
            The node of its answer.

        Raises:
            ArgumentError: If something else than a node is given.
            GraphError: If ``forward`` returns no node.
        """
        for value in inputs:
            self._check_input(value)
        with self.entered():
            output = self.forward(*inputs, **settings)
        if not isinstance(output, Node):
            raise GraphError(
                f"forward of {type(self).__name__} returned {output!r}",
                why="calling a module builds graph, so its forward returns a node",
                instead="end forward with `return` and the node of the answer",
            )
        return output

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Build what follows inside this module's box, as a call of it does: its parts find their places in it.

        Yields:
            Nothing.

        Example:
            >>> import backlit as bl
            >>> model = bl.nn.Sequential(bl.nn.Linear(2, 3), bl.nn.ReLU())
            >>> with model.entered():
            ...     z = model[0](bl.input("x", shape=(1, 2)))
            >>> z.scope.path, model[0].weight.name
            ('0', '0.weight')
        """
        outer = _CALL.get()
        path = outer.path_to(self) if outer else ()
        if outer is None:
            for name, parameter in self._found():
                parameter.name = name
        full = (*outer.path, *path) if outer else ()
        parts = {id(found.thing): found.path for found in walk(self) if isinstance(found.thing, Module) and found.path}
        token = _CALL.set(_Call(parts, full, outer))
        try:
            with ExitStack() as boxes:
                for name in path[:-1]:
                    boxes.enter_context(scope(name))
                if path:
                    boxes.enter_context(call_scope(path[-1]))
                yield
        finally:
            _CALL.reset(token)

    def _check_input(self, value: object) -> None:
        if isinstance(value, Node):
            return
        shape = f" of shape {list(value.shape)}" if isinstance(value, np.ndarray) else ""
        raise ArgumentError(
            f"{self._label()} is applied to nodes; received {type(value).__name__}{shape}",
            why="calling a model builds a graph and computes nothing",
            instead='write model.predict(array), or x = bl.input("x", shape=...) and model(x)',
        )

    def _label(self) -> str:
        """Return how messages name this module: what it is, and where in the model that is being called."""
        call = _CALL.get()
        place = dotted(call.path) if call else ""
        return f"{summary_of(self)} at {place!r}" if place else summary_of(self)

    def _found(self) -> Iterator[tuple[str, Parameter]]:
        return ((dotted(found.path), found.thing) for found in walk(self) if isinstance(found.thing, Parameter))

    def __setattr__(self, name: str, value: object) -> None:
        if name in _METHODS:
            raise ArgumentError(
                f"{type(self).__name__}.{name} cannot be set: every module has a {name} of its own",
                instead="give the attribute another name",
            )
        if isinstance(vars(self).get(name), Parameter) and not isinstance(value, Node):
            raise ArgumentError(
                f"{type(self).__name__}.{name} is a parameter, and {type(value).__name__} would take its place",
                why="graphs and optimisers hold the parameter itself; its array is what changes",
                instead=f"write model.{name}.value = ...",
            )
        super().__setattr__(name, value)

    def parameters(self) -> dict[str, Parameter]:
        """Return the trainable parameters of this module and all inside it, by dotted path.

        Returns:
            The parameters in the order of their definition; one that stands at several places, once.

        Raises:
            CycleError: If a module contains itself.

        Example:
            >>> import backlit as bl
            >>> list(bl.nn.Sequential(bl.nn.Linear(2, 3), bl.nn.ReLU()).parameters())
            ['0.weight', '0.bias']
        """
        return {path: parameter for path, parameter in self._found() if parameter.trainable}

    def state(self) -> dict[str, Parameter]:
        """Return what the module carries along without training it: running means, the state of random generators.

        Returns:
            The parameters that are not trainable, by dotted path.

        Example:
            >>> import backlit as bl
            >>> list(bl.nn.Sequential(bl.nn.Dropout(0.5), bl.nn.BatchNorm(2)).state())
            ['0.random_state', '1.running_mean', '1.running_variance']
        """
        return {path: parameter for path, parameter in self._found() if not parameter.trainable}

    def modules(self) -> dict[str, "Module"]:
        """Return this module and all inside it, by dotted path.

        Returns:
            The modules, this one first under the empty path; one that stands at several places, once.

        Example:
            >>> import backlit as bl
            >>> list(bl.nn.Sequential(bl.nn.Linear(2, 3), bl.nn.ReLU()).modules())
            ['', '0', '1']
        """
        return {dotted(found.path): found.thing for found in walk(self) if isinstance(found.thing, Module)}

    @property
    def parameter_count(self) -> int:
        """The number of trainable numbers in this module and all inside it."""
        return sum(parameter.size for parameter in self.parameters().values())

    def predict(
        self,
        inputs: npt.ArrayLike | tuple[npt.ArrayLike, ...],
        *,
        batch_size: int | None = None,
        engine: str | None = None,
    ) -> Array:
        """Compute what the model says of each row, as it is after training: nothing is dropped, nothing updated.

        Args:
            inputs: An array of shape (rows, ...), of any number of rows; a tuple of arrays for a model whose
                ``forward`` takes several. Floats are brought to the float type of the model.
            batch_size: How many rows are computed at once, at most 1,024 by default.
            engine: Which engine runs it; None picks.

        Returns:
            An array of shape (rows, ...).

        Raises:
            DataError: If the inputs are no arrays of numbers with equally many rows.
            ShapeError: If rows are too wide for a layer, or the answer does not have one entry for each row.

        Example:
            >>> import backlit as bl
            >>> bl.nn.ReLU().predict([[-1.0, 2.0]]).tolist()
            [[0.0, 2.0]]
        """
        if "_predictor" not in vars(self):
            vars(self)["_predictor"] = Predictor()
        version = self._predictor.version(self)
        return self._predictor.run(
            self,
            inputs if isinstance(inputs, tuple) else (inputs,),
            float_type=version.float_type,
            version=version,
            batch_size=batch_size,
            engine=engine,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Leave the programs behind: a copy of a model has parameters of its own."""
        return {name: value for name, value in vars(self).items() if name != "_predictor"}

    def configuration(self) -> dict[str, Any]:
        """Return how to build this module again, made of nothing but what JSON knows; its values are not part of it.

        Returns:
            The name of the class under ``"type"``, and the settings.

        Raises:
            ArgumentError: If a setting was not kept as an attribute, or cannot be written down.

        Example:
            >>> import backlit as bl
            >>> bl.nn.Sequential(bl.nn.ReLU(), bl.nn.Dropout(0.5)).configuration()
            {'type': 'Sequential', 'layers': [{'type': 'ReLU'}, {'type': 'Dropout', 'rate': 0.5}]}
        """
        return configuration_of(self)

    def describe(self, loss: object = None, optimizer: object = None) -> Description:
        """Describe the components of the model: input, functional form, loss, optimiser.

        Args:
            loss: The loss function it is trained with.
            optimizer: The optimiser it is trained with.

        Returns:
            The description, which prints as a text.

        Example:
            >>> import backlit as bl
            >>> print(bl.nn.Sequential(bl.nn.Linear(2, 3), bl.nn.ReLU(), bl.nn.Linear(3, 1)).describe())
            input            2 features
            functional form  h1 = x · 0.weight + 0.bias
                             h2 = ReLU(h1)
                             ŷ  = h2 · 2.weight + 2.bias
            parameters       13
        """
        return describe(self, loss, optimizer)

    def stages(self) -> list[tuple[str, "Module"]]:
        """Return the modules that are applied one after the other, with their paths.

        Returns:
            The module itself, unless it is a chain of others.

        Example:
            >>> import backlit as bl
            >>> [path for path, _ in bl.nn.Sequential(bl.nn.ReLU(), bl.nn.ReLU()).stages()]
            ['0', '1']
        """
        return [("", self)]

    def formula(self, argument: str, path: str = "") -> str:
        """Write the value of this module as a formula, with parameters under their names.

        Args:
            argument: What it is applied to.
            path: The module's place in the model.

        Returns:
            The formula.

        Example:
            >>> import backlit as bl
            >>> bl.nn.LeakyReLU(0.2).formula("x")
            'LeakyReLU(slope=0.2)(x)'
        """
        return f"{summary_of(self)}({argument})"

    def takes(self) -> str:
        """Say in a few words what the module's input is; empty where it may be anything.

        Returns:
            The words.

        Example:
            >>> import backlit as bl
            >>> bl.nn.Linear(784, 10).takes()
            '784 features'
        """
        return ""

    def example_input(self) -> Node | None:
        """Return an input for one example, as far as this module by itself knows its shape; for a picture of the model.

        Returns:
            A node, or None where much may go in.

        Example:
            >>> import backlit as bl
            >>> bl.nn.Linear(784, 10).example_input().shape, bl.nn.ReLU().example_input()
            ((1, 784), None)
        """
        return None

    def _repr_svg_(self) -> str | None:
        """Show the model in a notebook as a picture, if its input is known."""
        try:
            return OPERATORS["draw"](self).svg  # type: ignore[no-any-return]
        except ArgumentError:
            return None

    def __repr__(self) -> str:
        return tree_text(self)


_METHODS = frozenset(name for name in vars(Module) if not name.startswith("_")) | {"parts"}
