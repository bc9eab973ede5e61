"""What the tests of the optimisers share: two functions to descend, their gradients by hand, and a loop."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

import backlit as bl


@dataclass(frozen=True)
class Valley:
    """A function of several parameters: as graph, and its gradient as plain NumPy."""

    start: dict[str, np.ndarray]
    loss: Callable[[dict[str, bl.Node]], bl.Node]
    slope: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]

    def parameters(self, dtype="float64") -> dict[str, bl.Parameter]:
        return {name: bl.parameter(value, name=name, dtype=dtype) for name, value in self.start.items()}


def rosenbrock_slope(values):
    x, y = values["x"], values["y"]
    return {"x": -2 * (1 - x) - 400 * x * (y - x * x), "y": 200 * (y - x * x)}


MATRIX = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.0]])
TARGET = np.array([1.5, -0.25])


def quadratic_slope(values):
    rest = MATRIX @ values["w"] + values["b"] - TARGET
    return {"w": 2 * MATRIX.T @ rest, "b": 2 * rest}


VALLEYS = {
    "rosenbrock": Valley(
        {"x": np.array(-1.2), "y": np.array(1.0)},
        lambda p: (1.0 - p["x"]) ** 2 + 100.0 * (p["y"] - p["x"] * p["x"]) ** 2,
        rosenbrock_slope,
    ),
    "quadratic": Valley(
        {"w": np.array([0.5, -1.0, 2.0]), "b": np.array([0.0, 3.0])},
        lambda p: bl.sum(
            bl.square(bl.constant(MATRIX, dtype="float64") @ p["w"] + p["b"] - bl.constant(TARGET, dtype="float64"))
        ),
        quadratic_slope,
    ),
}


@pytest.fixture(params=VALLEYS)
def valley(request) -> Valley:
    return VALLEYS[request.param]


@pytest.fixture
def rosenbrock() -> Valley:
    return VALLEYS["rosenbrock"]


def descend(optimizer, valley: Valley, steps: int, dtype="float64") -> list[dict[str, np.ndarray]]:
    """The values of the parameters after each step."""
    parameters = valley.parameters(dtype)
    program = bl.compile(updates=optimizer.updates(valley.loss(parameters), parameters))
    way = []
    for _ in range(steps):
        program()
        way.append({name: np.array(parameter.value) for name, parameter in parameters.items()})
    return way


@pytest.fixture(name="descend")
def descend_fixture():
    return descend


def follow(rule, valley: Valley, steps: int) -> list[dict[str, np.ndarray]]:
    """The same with an update rule written in NumPy: rule(θ, g, memory, t) -> θ, with a memory for each parameter."""
    values = {name: np.array(value) for name, value in valley.start.items()}
    memories: dict[str, dict[str, np.ndarray]] = {name: {} for name in values}
    way = []
    for t in range(1, steps + 1):
        slopes = valley.slope(values)
        values = {name: rule(values[name], slopes[name], memories[name], t) for name in values}
        way.append(values)
    return way


def agree(optimizer, rule, valley: Valley, steps: int = 20) -> None:
    """Hold an optimiser against its rule in NumPy, step by step, in float64."""
    expected = follow(rule, valley, steps)
    for received, wanted in zip(descend(optimizer, valley, steps), expected, strict=True):
        for name, value in wanted.items():
            np.testing.assert_allclose(received[name], value, rtol=1e-12, atol=1e-12)


@pytest.fixture(name="agree")
def agree_fixture():
    return agree
