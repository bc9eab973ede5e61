"""The gradients that an update rule starts from: taken of a loss or given, checked, clipped.

This module imports the graph and the differentiation, nothing that runs.
"""

import warnings
from collections.abc import Mapping, Sequence

from backlit.autodiff.reverse import Backpropagation, backpropagate
from backlit.autodiff.transforms import grad
from backlit.errors import (
    ArgumentError,
    DeadGradientWarning,
    DisconnectedError,
    DTypeError,
    ShapeError,
    TrainingError,
    user_line,
)
from backlit.graph.graph import topological_order
from backlit.graph.leaves import Parameter, constant
from backlit.graph.node import Node
from backlit.graph.ops import cast, clip, maximum, sqrt, square, sum

__all__ = ["clip_gradients", "gradients_of", "named_parameters"]


def named_parameters(parameters: object) -> dict[str, Parameter]:
    """Name what is to be trained, and check that it can be.

    Args:
        parameters: A mapping from names to parameters, or parameters in any order. Without a mapping, a parameter is
            called by its own name, or by its position where it has none; a name that stands twice is numbered.

    Returns:
        The parameters by name; one that stands under two names is kept under the first.

    Raises:
        TrainingError: If there is none.
        ArgumentError: If something among them is not a parameter, or not trainable.

    Example:
        >>> import backlit as bl
        >>> w, b = bl.parameter(1.0, name="w"), bl.parameter(0.0)
        >>> list(named_parameters([w, b]))
        ['w', '1']
    """
    if isinstance(parameters, Mapping):
        pairs = list(parameters.items())
    elif isinstance(parameters, (Node, str)) or not hasattr(parameters, "__iter__"):
        raise ArgumentError(
            f"{parameters!r} was given for the parameters",
            why="an optimiser takes a mapping from names to parameters, or a list of parameters",
            instead="write model.parameters(), or a list such as [w, b]",
        )
    else:
        pairs = _labelled(list(parameters))
    if not pairs:
        raise TrainingError(
            "there is nothing to train: no parameter was given",
            why="gradient descent changes trainable parameters, and the model has none",
            instead="give it a layer with weights, or make one with bl.parameter(value)",
        )
    named: dict[str, Parameter] = {}
    seen: set[Parameter] = set()
    for name, parameter in pairs:
        checked = _check_parameter(name, parameter)
        if checked not in seen:
            seen.add(checked)
            named[name] = checked
    return named


def _labelled(parameters: Sequence[object]) -> list[tuple[str, object]]:
    names: dict[str, object] = {}
    for position, parameter in enumerate(dict.fromkeys(parameters)):
        label = getattr(parameter, "name", None) or str(position)
        name, serial = label, 1
        while name in names:
            serial += 1
            name = f"{label}_{serial}"
        names[name] = parameter
    return list(names.items())


def _check_parameter(name: object, parameter: object) -> Parameter:
    if not isinstance(name, str):
        raise ArgumentError(
            f"a parameter stands under the name {name!r}",
            why="the state of an optimiser is stored by name",
            instead='name it by text, such as {"w": w}',
        )
    if not isinstance(parameter, Parameter):
        raise ArgumentError(
            f"{name!r} is {parameter!r}, not a parameter",
            why="training writes new values, which only a parameter can hold",
            instead="make it with bl.parameter(value)",
        )
    if not parameter.trainable:
        raise ArgumentError(
            f"the parameter {name!r} is not trainable",
            why="it was made with trainable=False: state such as a running mean, or a weight that is to stay",
            instead="leave it out, or make it with bl.parameter(value)",
        )
    return parameter


def gradients_of(loss: Node | Mapping[Parameter, Node], parameters: Mapping[str, Parameter]) -> dict[Parameter, Node]:
    """Return the gradient of each parameter: taken of a loss, or picked from what is given.

    Args:
        loss: A float node of shape (); or the gradients, by parameter.
        parameters: The parameters by name.

    Returns:
        For each parameter a node of its shape and data type.

    Raises:
        NotScalarError: If the loss is not a single number.
        DisconnectedError: If the loss does not depend on a parameter; the message names them all.
        TrainingError: If the gradient of every parameter is zero because only flat functions lead to the loss. Where
            that holds for some of them, a DeadGradientWarning says so.
        ArgumentError: If a gradient is missing among those given.
        ShapeError: If a given gradient does not have the shape of its parameter.
        DTypeError: If a given gradient does not have the data type of its parameter.

    Example:
        >>> import backlit as bl
        >>> w = bl.parameter(3.0, name="w")
        >>> float(gradients_of(w * w, {"w": w})[w].evaluate())
        6.0
    """
    if isinstance(loss, Mapping):
        return {parameter: _given(loss, name, parameter) for name, parameter in parameters.items()}
    if not isinstance(loss, Node):
        raise ArgumentError(
            f"the loss is {loss!r}, which is no node",
            why="an update is built from the graph of the loss, before any value exists",
            instead="give the node of the loss, or a dictionary from parameters to gradients",
        )
    sources = list(parameters.values())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            gradients = grad(loss, sources)
        except DisconnectedError:
            raise _disconnected(loss, parameters) from None
    if any(issubclass(warning.category, DeadGradientWarning) for warning in caught):
        walk = backpropagate([loss], [constant(1.0, dtype=loss.dtype)], sources)
        if not any(source in walk.gradients for source in sources):
            raise _untrainable(loss, parameters, walk)
    for warning in caught:
        warnings.warn(warning.message, warning.category, stacklevel=3)
    return dict(zip(sources, gradients, strict=True))


def _given(gradients: Mapping[Parameter, Node], name: str, parameter: Parameter) -> Node:
    gradient = gradients.get(parameter)
    if not isinstance(gradient, Node):
        raise ArgumentError(
            f"no gradient was given for {name!r}" if gradient is None else f"the gradient of {name!r} is {gradient!r}",
            why="a dictionary of gradients maps each parameter itself, not its name, to a node",
            instead="write dict(zip(parameters, bl.grad(loss, parameters))), or give the loss",
        )
    received = f"the gradient of {name!r}, which is {parameter.spec}, is {gradient.spec}"
    if gradient.shape != parameter.shape:
        raise ShapeError(received, why="a gradient holds one slope for each element of its parameter")
    if gradient.dtype != parameter.dtype:
        raise DTypeError(received, instead=f'write bl.cast(gradient, "{parameter.dtype}")')
    return gradient


def _disconnected(loss: Node, parameters: Mapping[str, Parameter]) -> DisconnectedError:
    reached = set(topological_order([loss]))
    missing = ", ".join(repr(name) for name, parameter in parameters.items() if parameter not in reached)
    return DisconnectedError(
        f"the loss {loss!r} does not depend on {missing}",
        why="no path leads from there to the loss, so training would never change it",
        instead="leave it out of the parameters, or use it in the model",
        line=user_line(),
    )


def _untrainable(loss: Node, parameters: Mapping[str, Parameter], walk: Backpropagation) -> TrainingError:
    flat = walk.blocking(parameters.values())
    through = ", ".join(f"{node.name!r} ({node.kind})" if node.name else node.kind for node in flat)
    names = ", ".join(repr(name) for name in parameters)
    return TrainingError(
        f"gradient descent cannot train {names}: the gradient of {loss!r} is 0 wherever it exists",
        why=f"every path from there to the loss goes through {through}, which is flat: a small change of a "
        "parameter does not change the loss at all",
        instead="put bl.sigmoid in place of the step (logistic regression), or no function at all (linear "
        "regression); a perceptron learns by a rule of its own (Rosenblatt, 1958), not by gradients",
        line=user_line(),
    )


def clip_gradients(
    gradients: Mapping[Parameter, Node], *, value: float | None = None, norm: float | None = None
) -> dict[Parameter, Node]:
    """Bound gradients: each element by a value, then all of them together by their norm (Pascanu et al., 2013).

    g ← min(max(g, -value), value), then g ← g · min(1, norm / ‖g‖), where ‖g‖² adds up the squares of every element
    of every gradient: the direction of the whole step stays, its length does not exceed the norm.

    Args:
        gradients: The gradient of each parameter.
        value: The largest absolute value of an element, if any.
        norm: The largest norm of all gradients together, if any.

    Returns:
        The bounded gradients.

    Example:
        >>> import backlit as bl
        >>> w = bl.parameter([0.0, 0.0])
        >>> clipped = clip_gradients({w: bl.constant([3.0, 4.0])}, norm=2.5)
        >>> clipped[w].evaluate().tolist()
        [1.5, 2.0]
    """
    clipped = dict(gradients)
    if value is not None:
        clipped = {parameter: clip(gradient, -value, value) for parameter, gradient in clipped.items()}
    if norm is None:
        return clipped
    # In float64, because the squares of gradients that explode, which are those to be clipped, overflow a float32.
    squares = [sum(square(cast(gradient, "float64"))) for gradient in clipped.values()]
    total = squares[0]
    for part in squares[1:]:
        total = total + part
    share = norm / maximum(sqrt(total), norm)
    shares = {dtype: cast(share, dtype) for dtype in dict.fromkeys(gradient.dtype for gradient in clipped.values())}
    return {parameter: gradient * shares[gradient.dtype] for parameter, gradient in clipped.items()}
