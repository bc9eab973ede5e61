"""Steps: a run taken apart into what one does by hand, one node at a time: forward, backward, update.

Forward, a node takes the values of its arguments and gives its own. Backward, a node takes the gradient that comes in
from above and passes a contribution along each of its edges. The update gives each parameter its new value. These are
the three phases of training (and the five steps of gradient descent: a model was chosen, a loss; then these three).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from backlit.autodiff.reverse import Edge
from backlit.explain.explanation import Summary
from backlit.explain.formulas import fill, format_number, numbers_of, value_formula
from backlit.explain.phrases import Way, phrase_of
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
        formula: How, with names.
        numbers: The same with numbers; empty for arrays.
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

    def __getitem__(self, number: int) -> Step:
        index = range(len(self._plan))[number]
        phase, node = self._plan[index]
        if phase == "forward":
            return self._forward(index + 1, node)  # type: ignore[arg-type]
        return self._backward(index + 1, node) if phase == "backward" else self._update(index + 1, node)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Step]:
        return (self[number] for number in range(len(self)))

    def _forward(self, number: int, node: Application) -> Step:
        run, phrase = self._run, phrase_of(node)
        single = not node.shape and phrase.way is Way.EACH
        numbers = fill(phrase.value, numbers_of(run, node, ())) if single else ""
        return Step(number, "forward", run.name(node), value_formula(run, node), numbers, _number(run, node))

    def _backward(self, number: int, node: Application) -> Step:
        run, phrase = self._run, phrase_of(node)
        flows = []
        for position, argument in enumerate(node.arguments):
            back = run.walk.contributions.get(Edge(node, position))
            if back is None:
                continue
            values = [run.name(each) for each in node.arguments]
            local = fill(phrase.local_of(position), values, run.name(node))
            flows.append(BackwardFlow(run.name(argument), local, _number(run, back), phrase.rule_of(position)))
        name = run.name(node)
        above = "1, where the way back begins" if node is run.loss else f"∂{run.name(run.loss)}/∂{name}"
        return Step(number, "backward", name, above, "", _number(run, run.walk.gradients[node]), flows=tuple(flows))

    def _update(self, number: int, parameter: Parameter) -> Step:
        run = self._run
        new, before = run.updates[parameter], _number(run, parameter)
        change = ""
        if not isinstance(before, Summary):
            after = float(run.whole(new))
            change = fill("{x} + {y}", [format_number(before), format_number(after - before)])
        return Step(number, "update", run.name(parameter), run.name(parameter), change, _number(run, new), before)

    def __repr__(self) -> str:
        return f"<{len(self)} steps of {self._run!r}>"


def _number(run: Recording, node: Node) -> Number:
    array = run.whole(node)
    return Summary.of(array) if node.shape else float(array)
