"""Steps: a run taken apart into what one does by hand, one node at a time: forward, backward, update.

Forward, a node takes the values of its arguments and gives its own. Backward, a node takes the gradient that comes in
from above and passes a contribution along each of its edges. The update gives each parameter its new value. These are
the three phases of training (and the five steps of gradient descent: a model was chosen, a loss; then these three).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import overload

from backlit.autodiff.reverse import Edge
from backlit.errors import IndexRangeError
from backlit.explain.narration.explanation import Summary
from backlit.explain.narration.formulas import local_formula, number_formula, value_formula
from backlit.explain.narration.phrases import Way, phrase_of
from backlit.explain.narration.rules import update_lines
from backlit.explain.recording import Recording
from backlit.explain.showing import Shown
from backlit.graph.leaves import Parameter
from backlit.graph.node import Application, Node

__all__ = ["BackwardFlow", "Step", "Steps"]

Number = float | Summary


@dataclass(frozen=True)
class BackwardFlow:
    """What one node passes back along one edge.

    Args:
        target: The argument that receives it.
        local: The local derivative as a formula.
        value: What is passed back.
        rule: By which rule.

    Example:
        >>> BackwardFlow("θ", "x", -2.0, "of a product: the other factor").value
        -2.0
    """

    target: str
    local: str
    value: Number
    rule: str


@dataclass(frozen=True)
class Step(Shown):
    """One step of a run.

    Args:
        number: Which step, from 1.
        phase: ``"forward"``, ``"backward"`` or ``"update"``.
        name: The node that is computed, or whose gradient is passed back, or the parameter that changes.
        formula: How, with names: of the value; of the upstream gradient, its name; of the update, where it fits into
            one line, else the name of the parameter.
        numbers: The same with numbers; empty where there are none to show.
        value: What comes out: the value, the upstream gradient, or the new value.
        before: For an update the value before.
        flows: Going backward, what is passed back along each edge.

    Example:
        >>> import backlit as bl
        >>> run = bl.trace((bl.input("x") * bl.parameter(4.0, name="w")).named("f"), {"x": 3.0})
        >>> [(step.phase, step.name) for step in run.steps]
        [('forward', 'f'), ('backward', 'f')]
    """

    number: int
    phase: str
    name: str
    formula: str
    numbers: str
    value: Number
    before: Number | None = None
    flows: tuple[BackwardFlow, ...] = ()


class Steps:
    """The steps of a run, to be walked both ways; each is told when it is asked for.

    Args:
        run: The run.

    Example:
        >>> import backlit as bl
        >>> steps = Steps(bl.trace((bl.input("x") * 2.0).named("f"), {"x": 3.0}))
        >>> len(steps), steps[0].numbers
        (2, '3 · 2')
    """

    def __init__(self, run: Recording) -> None:
        self._run = run
        forward = [node for node in run.forward if isinstance(node, Application)]
        backward = [node for node in reversed(forward) if node in run.walk.gradients]
        self._plan: list[tuple[str, Node]] = [
            *(("forward", node) for node in forward),
            *(("backward", node) for node in backward),
            *(("update", parameter) for parameter in run.updates),
        ]

    @property
    def nodes(self) -> list[tuple[str, Node]]:
        """The phase and the node of each step."""
        return list(self._plan)

    def __len__(self) -> int:
        return len(self._plan)

    @overload
    def __getitem__(self, number: int) -> Step: ...

    @overload
    def __getitem__(self, number: slice) -> tuple[Step, ...]: ...

    def __getitem__(self, number: int | slice) -> Step | tuple[Step, ...]:
        """Return a step by its place, from 0, or from the end where it is negative; of a slice, all of its steps.

        Args:
            number: The place, or a slice.

        Returns:
            The step, or the steps.

        Raises:
            IndexRangeError: If there is no such step.
        """
        if isinstance(number, slice):
            return tuple(self._told(index) for index in range(len(self))[number])
        try:
            return self._told(range(len(self))[number])
        except IndexError:
            raise IndexRangeError(
                f"there is no step {number} of {self._run!r}", why=f"it has {len(self)} steps, counted from 0 here"
            ) from None

    def _told(self, index: int) -> Step:
        phase, node = self._plan[index]
        if phase == "forward":
            return self._forward(index + 1, node)  # type: ignore[arg-type]
        return self._backward(index + 1, node) if phase == "backward" else self._update(index + 1, node)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Step]:
        return (self._told(index) for index in range(len(self)))

    def _forward(self, number: int, node: Application) -> Step:
        run = self._run
        single = not node.shape and phrase_of(node).way is Way.EACH
        numbers = number_formula(run, node, ()) if single else ""
        return Step(number, "forward", run.name(node), value_formula(run, node), numbers, _number(run, node))

    def _backward(self, number: int, node: Application) -> Step:
        run, phrase = self._run, phrase_of(node)
        flows = []
        for position, argument in enumerate(node.arguments):
            back = run.walk.contributions.get(Edge(node, position))
            if back is None:
                continue
            local = local_formula(run, node, position)
            flows.append(BackwardFlow(run.name(argument), local, _number(run, back), phrase.rule_of(position)))
        name, upstream = run.name(node), _number(run, run.walk.gradients[node])
        return Step(number, "backward", name, f"∂{run.name(run.loss)}/∂{name}", "", upstream, flows=tuple(flows))

    def _update(self, number: int, parameter: Parameter) -> Step:
        run = self._run
        lines = update_lines(run, parameter, None if parameter.shape else ())
        formula, numbers = (lines[0].formula, lines[0].numbers) if len(lines) == 1 else (run.name(parameter), "")
        new, before = _number(run, run.updates[parameter]), _number(run, parameter)
        return Step(number, "update", run.name(parameter), formula, numbers, new, before)

    def __repr__(self) -> str:
        return f"<{len(self)} steps of {self._run!r}>"


def _number(run: Recording, node: Node) -> Number:
    array = run.whole(node)
    return Summary.of(array) if node.shape else array.item()
