"""Penalties: what large weights cost, as nodes beside the loss.

They apply to weights, that is to parameters with at least two axes: a bias or a scale does not make a function wild,
and pulling it to 0 only shifts the answer. Each parameter's part is a node under the parameter's name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backlit.errors import ArgumentError
from backlit.graph.leaves import Parameter
from backlit.graph.node import Node
from backlit.graph.ops import abs, square, sum
from backlit.graph.scope import call_scope
from backlit.nn.checks import check_flag, check_number

__all__ = ["L1", "L2"]


def _penalty(
    name: str,
    cost: Callable[[Node], Node],
    strength: float,
    parameters: Mapping[str, Parameter],
    *,
    biases: bool,
) -> Node:
    if not isinstance(parameters, Mapping):
        raise ArgumentError(f"{name} takes parameters by name; received {parameters!r}", instead="model.parameters()")
    chosen = {path: p for path, p in parameters.items() if biases or p.rank >= 2}
    if not chosen:
        raise ArgumentError(
            f"{name} finds nothing to penalise among {list(parameters) or 'no parameters'}",
            why="it applies to parameters with at least two axes",
            instead=f"write {name}(strength, biases=True) to penalise all of them",
        )
    with call_scope(name):
        total: Node | None = None
        for path, parameter in chosen.items():
            part = (strength * sum(cost(parameter))).named(path)
            total = part if total is None else total + part
        assert total is not None
        return total.named("penalty") if len(chosen) > 1 else total


@dataclass(frozen=True)
class L1:
    """Let weights cost their absolute values: λ Σ |w|, which drives the useless ones to 0.

    Tibshirani, "Regression shrinkage and selection via the lasso" (1996).

    Args:
        strength: The factor λ, at least 0.
        biases: Whether parameters with fewer than two axes pay too.

    Raises:
        ArgumentError: If the strength is below 0; when called, if there is nothing to penalise.

    Example:
        >>> import backlit as bl
        >>> float(L1(0.5)({"w": bl.parameter([[3.0, -4.0]])}).evaluate())
        3.5
    """

    strength: float
    biases: bool = False

    def __post_init__(self) -> None:
        check_number(self.strength, "L1(strength=...)", 0.0)
        check_flag(self.biases, "L1(biases=...)")

    def __call__(self, parameters: Mapping[str, Parameter]) -> Node:
        """Build the penalty.

        Args:
            parameters: Parameters by name, as ``model.parameters()`` gives them.

        Returns:
            A node of shape ().

        Raises:
            ArgumentError: If there is nothing to penalise.
        """
        return _penalty("L1", abs, self.strength, parameters, biases=self.biases)


@dataclass(frozen=True)
class L2:
    """Let weights cost their squares: λ Σ w², without a factor 1/2, so that the gradient is 2 λ w.

    Hoerl and Kennard, "Ridge regression" (1970); Krogh and Hertz, "A simple weight decay can improve generalization"
    (1992).

    Args:
        strength: The factor λ, at least 0.
        biases: Whether parameters with fewer than two axes pay too.

    Raises:
        ArgumentError: If the strength is below 0; when called, if there is nothing to penalise.

    Example:
        >>> import backlit as bl
        >>> float(L2(0.5)({"w": bl.parameter([[3.0, -4.0]])}).evaluate())
        12.5
    """

    strength: float
    biases: bool = False

    def __post_init__(self) -> None:
        check_number(self.strength, "L2(strength=...)", 0.0)
        check_flag(self.biases, "L2(biases=...)")

    def __call__(self, parameters: Mapping[str, Parameter]) -> Node:
        """Build the penalty.

        Args:
            parameters: Parameters by name, as ``model.parameters()`` gives them.

        Returns:
            A node of shape ().

        Raises:
            ArgumentError: If there is nothing to penalise.
        """
        return _penalty("L2", square, self.strength, parameters, biases=self.biases)
