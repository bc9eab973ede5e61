"""The notation of the lectures: w[layer, output, input] and b[layer, output], counted from 1; and z beside a.

A layer there is an affine map with the activation that follows it; here the two are modules of their own. Both views
are of the same parameters, so they show the same numbers. The input is layer 0: it has no weights and is not counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from backlit.errors import ArgumentError, UnknownNameError
from backlit.graph.leaves import Parameter
from backlit.graph.node import Node
from backlit.nn.linear import Linear
from backlit.nn.module import Module
from backlit.nn.neuron import Neuron

__all__ = ["LectureLayer", "LectureNotation", "Lookup", "layers_counted", "notation"]


@dataclass(frozen=True)
class LectureLayer:
    """An affine map and the activations that follow it.

    Args:
        number: Which layer, from 1.
        linear: The affine map z = x W + b.
        activations: What makes a of z; empty where a = z.
    """

    number: int
    linear: Linear
    activations: tuple[Module, ...]


class Lookup:
    """One kind of parameter by the indices of the lectures, to be read and written.

    Args:
        letter: ``"w"`` or ``"b"``.
        layers: The layers.

    Example:
        >>> import backlit as bl
        >>> w = notation(bl.nn.Linear(3, 2, weight_initialiser=bl.nn.Ones())).w
        >>> w[1, 2, 3]
        1.0
        >>> w[1, 2, 3] = 5.0
        >>> len(w), w[1, 2, 3]
        (6, 5.0)
    """

    def __init__(self, letter: str, layers: tuple[LectureLayer, ...]) -> None:
        self._letter = letter
        self._layers = layers

    def _held(self, layer: LectureLayer) -> Parameter | None:
        return layer.linear.weight if self._letter == "w" else layer.linear.bias

    def _find(self, key: tuple[int, ...]) -> tuple[Parameter, tuple[int, ...]]:
        names = ("layer", "output", "input") if self._letter == "w" else ("layer", "output")
        indices = key if isinstance(key, tuple) else (key,)
        text = f"{self._letter}[{', '.join(map(str, indices))}]"
        if len(indices) != len(names) or not all(type(index) is int for index in indices):
            raise ArgumentError(f"{text} is not of the form {self._letter}[{', '.join(names)}]")
        if not 1 <= indices[0] <= len(self._layers):
            raise UnknownNameError(f"there is no {text}: the layers are 1 to {len(self._layers)}")
        layer = self._layers[indices[0] - 1]
        parameter = self._held(layer)
        if parameter is None:
            raise UnknownNameError(f"there is no {text}: layer {indices[0]} has no bias")
        lengths = (layer.linear.outputs, layer.linear.inputs)[: len(names) - 1]
        for name, index, length in zip(names[1:], indices[1:], lengths, strict=True):
            if not 1 <= index <= length:
                raise UnknownNameError(
                    f"there is no {text}: the {name}s of layer {indices[0]} are 1 to {length}",
                    why="the lectures count from 1, and write layer, output, input in this order",
                )
        return parameter, tuple(index - 1 for index in reversed(indices[1:]))

    def __getitem__(self, key: tuple[int, ...]) -> float:
        parameter, place = self._find(key)
        return float(parameter.value[place])

    def __setitem__(self, key: tuple[int, ...], value: float) -> None:
        parameter, place = self._find(key)
        parameter.value[place] = value

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        for layer in self._layers:
            if self._held(layer) is not None:
                for output in range(1, layer.linear.outputs + 1):
                    if self._letter == "b":
                        yield (layer.number, output)
                        continue
                    for place in range(1, layer.linear.inputs + 1):
                        yield (layer.number, output, place)

    def __len__(self) -> int:
        held = (self._held(layer) for layer in self._layers)
        return sum(parameter.size for parameter in held if parameter is not None)


class LectureNotation:
    """A chain of layers as the lectures write it; made by ``notation``.

    Args:
        model: The model.
        before: What is done to the input before the first layer.
        layers: The layers.

    Example:
        >>> import backlit as bl
        >>> model = bl.nn.Sequential(
        ...     bl.nn.Linear(3, 3), bl.nn.ReLU(), bl.nn.Linear(3, 2), bl.nn.ReLU(), bl.nn.Linear(2, 1)
        ... )
        >>> print(notation(model))
        layer 0: a0 = x, 3 inputs, no parameters
        layer 1: z1 = W1 a0 + b1, a1 = ReLU(z1): 9 weights, 3 biases
        layer 2: z2 = W2 a1 + b2, a2 = ReLU(z2): 6 weights, 2 biases
        layer 3: z3 = W3 a2 + b3, a3 = z3: 2 weights, 1 bias
        17 weights + 6 biases = 23 parameters
    """

    def __init__(self, model: Module, before: tuple[Module, ...], layers: tuple[LectureLayer, ...]) -> None:
        self.model = model
        self.before = before
        self.layers = layers
        self.w = Lookup("w", layers)
        self.b = Lookup("b", layers)

    @property
    def parameter_count(self) -> int:
        """The number of weights and biases."""
        return len(self.w) + len(self.b)

    def forward(self, x: Node) -> dict[str, Node]:
        """Build the chain and keep every affine part z and every activation a.

        Args:
            x: What the model takes.

        Returns:
            The nodes ``a0``, ``z1``, ``a1``, ``z2``, …, under these names; the last one is the model's answer.

        Example:
            >>> import backlit as bl
            >>> x = bl.input("x", shape=(1, 2))
            >>> list(notation(bl.nn.Sequential(bl.nn.Linear(2, 2), bl.nn.Tanh())).forward(x))
            ['a0', 'z1', 'a1']
        """
        with self.model.entered():
            a = x
            for module in self.before:
                a = module(a)
            nodes = {"a0": a}
            for layer in self.layers:
                z = layer.linear(a).named(f"z{layer.number}")
                a = z
                for activation in layer.activations:
                    a = activation(a)
                if a is not z:
                    a = a.named(f"a{layer.number}")
                nodes |= {f"z{layer.number}": z, f"a{layer.number}": a}
            return nodes

    def __str__(self) -> str:
        first = self.layers[0].linear.inputs
        lines = [f"layer 0: a0 = x, {first:,} input{'s' * (first != 1)}, no parameters"]
        for layer in self.layers:
            n, linear = layer.number, layer.linear
            bias = 0 if linear.bias is None else linear.bias.size
            a = f"z{n}"
            for activation in layer.activations:
                a = activation.formula(a)
            affine = f"z{n} = W{n} a{n - 1}" + (f" + b{n}" if bias else "")
            counts = _count(linear.weight.size, "weight", "weights") + (
                f", {_count(bias, 'bias', 'biases')}" * bool(bias)
            )
            lines.append(f"layer {n}: {affine}, a{n} = {a}: {counts}")
        weights, biases = _count(len(self.w), "weight", "weights"), _count(len(self.b), "bias", "biases")
        return "\n".join([*lines, f"{weights} + {biases} = {_count(self.parameter_count, 'parameter', 'parameters')}"])

    def __repr__(self) -> str:
        return str(self)


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def notation(model: Module) -> LectureNotation:
    """Show a chain of layers in the notation of the lectures: w[layer, output, input], b[layer, output], z and a.

    Args:
        model: A ``Linear``, or a ``Sequential`` of them with whatever stands between.

    Returns:
        The notation; it reads and writes the parameters of the model themselves.

    Raises:
        ArgumentError: If no ``Linear`` is in the chain.

    Example:
        >>> import backlit as bl
        >>> model = bl.nn.ThreeNeuron.with_weights(w11=0.4, b11=-5.9, w12=-0.6, b12=5.2, w21=-1, w22=-1, b21=5.1)
        >>> round(notation(model).w[1, 2, 1], 4), notation(model).parameter_count
        (-0.6, 7)
    """
    before: list[Module] = []
    layers: list[LectureLayer] = []
    for _, stage in model.stages():
        if isinstance(stage, Linear):
            layers.append(LectureLayer(len(layers) + 1, stage, ()))
        elif layers:
            last = layers[-1]
            layers[-1] = LectureLayer(last.number, last.linear, (*last.activations, stage))
        else:
            before.append(stage)
    if not layers:
        raise ArgumentError(
            f"{type(model).__name__} is no chain of layers",
            why="the notation of the lectures is for Linear layers one after the other",
            instead="give it a Sequential of Linear layers and activations",
        )
    return LectureNotation(model, tuple(before), tuple(layers))


def layers_counted(model: Module) -> int:
    """Count the layers of a model as the lectures do: those that hold a matrix of weights; the input does not count.

    Args:
        model: Any module.

    Returns:
        The number of trainable parameters with at least two axes, each counted once, and of single neurons.

    Example:
        >>> import backlit as bl
        >>> layers_counted(bl.nn.Sequential(bl.nn.Linear(4, 3), bl.nn.Sigmoid(), bl.nn.Linear(3, 2), bl.nn.Sigmoid()))
        2
    """
    matrices = sum(1 for parameter in model.parameters().values() if parameter.rank >= 2)
    return matrices + sum(1 for module in model.modules().values() if isinstance(module, Neuron))
