"""The reference engine: one NumPy call for each node, in order of execution.

It is the referee, and the default for looking. What it runs is the graph, simplified and with equal things shared, by
rules that are exact to the last bit. Its other liberty is with memory: an array is dropped after its last
use, an elementwise op may write its result over an argument that nobody needs any more, and an update may write
straight into its parameter. No number changes by that, and nothing is written into a parameter before everything
that can fail has been computed.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from backlit.engines.binding import bind, count_error, looks_into
from backlit.engines.engine import call_text, epoch_by_steps, locate
from backlit.engines.reference.rules import NUMPY_RULES
from backlit.errors import BindingError, ExecutionError, IndexRangeError
from backlit.graph.graph import Graph, topological_order
from backlit.graph.leaves import Constant, Input, Parameter
from backlit.graph.node import Application, Array, Node
from backlit.graph.rewrite import share, simplify

__all__ = ["ReferenceEngine", "ReferenceProgram", "interpret"]

_VIEWS = frozenset({"reshape", "permute_dims", "broadcast_to", "flip", "slice", "stop_gradient", "max", "min", "round"})
"""Ops whose NumPy rule may return a view of its argument, or the argument itself."""

Rule = Callable[..., Array]


@dataclass(frozen=True, slots=True)
class _Step:
    """One call: which rule, on which slots, into which slot, and which slots are free afterwards."""

    node: Application
    rule: Rule
    arguments: tuple[int, ...]
    target: int
    free: tuple[int, ...]


def _rule_of(node: Application) -> Rule:
    rule = NUMPY_RULES[node.op.name]
    attributes = dict(node.attributes)
    return (lambda *arrays: rule(*arrays, **attributes)) if attributes else rule


def _overwriting(rule: Rule, position: int) -> Rule:
    """Let an elementwise NumPy function write its result over one of its arguments."""
    return lambda *arrays: rule(*arrays, out=arrays[position])


class ReferenceProgram:
    """A graph made ready to run on NumPy.

    Args:
        graph: What to run.
        single: Whether to answer with the only output itself instead of a list.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> program = ReferenceProgram(Graph(outputs=[x + 1.0]), single=True)
        >>> float(program(2.0))
        3.0
    """

    def __init__(self, graph: Graph, *, single: bool) -> None:
        self.graph = graph
        self._single = single
        graph = self._executed = share(simplify(graph))
        leaves = (*graph.inputs, *graph.parameters, *(node for node in graph.nodes if isinstance(node, Constant)))
        self._slots = {node: slot for slot, node in enumerate(dict.fromkeys((*leaves, *graph.nodes)))}
        self._constants = [(self._slots[node], node.value) for node in graph.nodes if isinstance(node, Constant)]
        self._parameters = [(self._slots[node], node) for node in graph.parameters]
        self._inputs = [(self._slots[node], node) for node in graph.inputs]
        direct = self._direct_updates()
        order = [node for node in graph.operations if node not in direct]
        self._steps = self._plan([*order, *direct], direct)
        memory = self._memory()
        self._written = {id(parameter.value) for parameter in graph.updates}
        self._copied = [
            (parameter.value, self._slots[value], isinstance(memory[value], Parameter))
            for parameter, value in graph.updates.items()
            if value not in direct
        ]
        self._outputs = [(self._slots[node], self._must_copy(node)) for node in graph.outputs]

    def _must_copy(self, node: Node) -> bool:
        return not isinstance(node, Application) or node.op.name in _VIEWS

    def _memory(self) -> dict[Node, Node]:
        """Find for each node the node whose array it may share."""
        memory: dict[Node, Node] = {}
        for node in self._executed.nodes:
            viewed = isinstance(node, Application) and node.op.name in _VIEWS
            memory[node] = memory[node.arguments[0]] if viewed else node
        return memory

    def _direct_updates(self) -> dict[Application, Parameter]:
        """Find the updates that may write straight into their parameter, as the very last steps.

        Such an update is an elementwise NumPy function that nobody else consumes; and nothing that is still wanted
        after it (another such update, an output, a value to be copied) shares memory with the parameter.
        """
        graph = self._executed
        consumed = {argument for node in graph.operations for argument in node.arguments}
        times = Counter(graph.updates.values())
        found = {
            value: parameter
            for parameter, value in graph.updates.items()
            if isinstance(value, Application)
            and isinstance(NUMPY_RULES[value.op.name], np.ufunc)
            and value.shape
            and value not in consumed
            and value not in graph.outputs
            and times[value] == 1
        }
        memory = self._memory()
        wanted_late = {memory[node] for node in (*graph.outputs, *graph.updates.values())}
        return {
            value: parameter
            for value, parameter in found.items()
            if parameter not in wanted_late
            and not any(parameter is memory[a] for other in found if other is not value for a in other.arguments)
        }

    def _plan(self, order: list[Application], direct: Mapping[Application, Parameter]) -> list[_Step]:
        """Choose for each node where its result goes and what can be forgotten after it."""
        last: dict[Node, int] = {}
        viewed: set[Node] = set()
        for index, node in enumerate(order):
            for argument in node.arguments:
                last[argument] = index
                if node.op.name in _VIEWS:
                    viewed.add(argument)
        kept = {*self._executed.outputs, *self._executed.updates.values()}
        steps = []
        for index, node in enumerate(order):
            rule = _rule_of(node)
            dying = [a for a in dict.fromkeys(node.arguments) if last[a] == index and a not in kept]
            dying = [a for a in dying if isinstance(a, Application)]
            if node in direct:
                rule = self._writing_into(rule, direct[node])
            elif isinstance(rule, np.ufunc) and node.shape:
                for argument in dying:
                    fresh = argument.op.name not in _VIEWS and argument not in viewed  # type: ignore[attr-defined]
                    if fresh and argument.spec == node.spec:
                        rule = _overwriting(rule, node.arguments.index(argument))
                        break
            slots = tuple(self._slots[a] for a in node.arguments)
            steps.append(_Step(node, rule, slots, self._slots[node], tuple(self._slots[a] for a in dying)))
        return steps

    @staticmethod
    def _writing_into(rule: Rule, parameter: Parameter) -> Rule:
        return lambda *arrays: rule(*arrays, out=parameter.value)

    def __call__(self, *values: npt.ArrayLike) -> Any:
        """Compute the outputs, then write the updates into their parameters.

        Args:
            *values: A value for each input, in order.

        Returns:
            The output, or a list of outputs.

        Raises:
            BindingError: If the number, shape or data type of the values does not fit.
            IndexRangeError: If a label or index is out of range.
        """
        if len(values) != len(self._inputs):
            raise count_error(self.graph.inputs, len(values))
        arrays: list[Any] = [None] * len(self._slots)
        for (slot, node), value in zip(self._inputs, values, strict=True):
            arrays[slot] = self._unshared(bind(node, value))
        for slot, constant in self._constants:
            arrays[slot] = constant
        for slot, parameter in self._parameters:
            arrays[slot] = parameter.value
        self._run(arrays)
        results = [_finished(arrays[slot], copy=copy) for slot, copy in self._outputs]
        changes = [(array, np.array(arrays[slot]) if shared else arrays[slot]) for array, slot, shared in self._copied]
        for array, change in changes:
            array[...] = change
        return results[0] if self._single else results

    def epoch(self, *values: npt.ArrayLike) -> Any:
        """Run the graph once for each slice along the first axis of the values, one after another.

        Args:
            *values: For each input, as many values as there are steps, in one array: of shape (steps, …).

        Returns:
            The outputs of all steps in one array each, of shape (steps, …).

        Raises:
            BindingError: If the number, shape or data type of the values does not fit; nothing has been run then.
            IndexRangeError: If a label or index is out of range; the steps before have been done then.
        """
        return epoch_by_steps(self, values)

    def _unshared(self, array: Array) -> Array:
        """Copy an input that is a parameter's own array, or a view of it, before an update writes there."""
        return array.copy() if looks_into(array, self._written) else array

    def _run(self, arrays: list[Any]) -> None:
        step = None
        try:
            with np.errstate(all="ignore"):
                for step in self._steps:
                    arrays[step.target] = step.rule(*[arrays[slot] for slot in step.arguments])
                    for slot in step.free:
                        arrays[slot] = None
        except IndexRangeError as error:
            assert step is not None
            raise locate(error, step.node, self._executed.labels) from None
        except (MemoryError, ValueError, TypeError) as error:
            what = call_text(step.node, self._executed.labels) if step else "the graph"
            line = step.node.line if step else None
            raise ExecutionError(f"{what} cannot be computed", why=str(error), line=line) from error

    def __repr__(self) -> str:
        return f"<reference program of {self.graph!r}>"


def _finished(value: Array, *, copy: bool) -> Array:
    """Give a result that no later run can change: a NumPy number for a single number, else an array of its own."""
    if copy:
        return np.array(value)[()]
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def interpret(outputs: tuple[Node, ...], values: Mapping[Node, Array]) -> list[Array]:
    """Compute nodes from given values, whatever numbers these are, complex ones for a complex step included.

    Args:
        outputs: What to compute.
        values: The value of leaves, or of any nodes, which are then not computed; parameters and constants have their
            own unless one is given here.

    Returns:
        The value of each output.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> value = interpret((x * x,), {x: np.array(3.0 + 1e-20j)})[0]
        >>> round(float(value.imag / 1e-20), 6)
        6.0
    """
    arrays: dict[Node, Any] = dict(values)
    with np.errstate(all="ignore"):
        for node in topological_order(outputs, arrays):
            if node in arrays:
                continue
            if isinstance(node, (Parameter, Constant)):
                arrays[node] = node.value
            elif isinstance(node, Input):
                raise BindingError(f"no value was given for {node!r}")
            elif isinstance(node, Application):
                arrays[node] = _rule_of(node)(*(arrays[a] for a in node.arguments))
    return [arrays[node] for node in outputs]


class ReferenceEngine:
    """The engine that runs a graph on NumPy, one call a node.

    Example:
        >>> ReferenceEngine().name
        'reference'
    """

    name = "reference"

    def compile(self, graph: Graph, *, single: bool) -> ReferenceProgram:
        """Turn a graph into a program.

        Args:
            graph: What is to run.
            single: Whether the program answers with its only output itself instead of a list.

        Returns:
            The program.
        """
        return ReferenceProgram(graph, single=single)
