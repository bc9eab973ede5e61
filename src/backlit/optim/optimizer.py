"""Optimizer: from gradients to updates, as a pure function.

An optimiser is a frozen record of hyper-parameters. It holds no state: what it remembers from step to step (a
momentum, a step count) are parameters that are not trainable, made by ``state`` and changed by the very updates that
it returns. So a training step is one graph, and nothing has to be zeroed.

This module imports the graph, and gradients from the differentiation; nothing that runs.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeAlias, final

import numpy as np

from backlit.errors import ArgumentError, nearest
from backlit.graph.leaves import Parameter, parameter
from backlit.graph.node import Node
from backlit.graph.ops import cast
from backlit.graph.scope import scope
from backlit.optim.clock import Clock
from backlit.optim.gradients import clip_gradients, gradients_of, named_parameters
from backlit.optim.schedules import LearningRate, Schedule, check_learning_rate
from backlit.optim.settings import check_number

__all__ = ["Optimizer", "Parameters", "Rule"]

Rule: TypeAlias = Callable[[Node, Node, Mapping[str, Parameter]], tuple[Node, dict[str, Node]]]
"""The update of one parameter: from its value θ, its gradient and what is remembered beside it to the new θ and the
new memory, under the same names."""

Parameters: TypeAlias = Mapping[str, Parameter] | Iterable[Parameter]


@dataclass(frozen=True, repr=False)
class Optimizer(ABC):
    """The base of all optimisers: a frozen record of hyper-parameters and a pure function to updates.

    A subclass says which arrays it remembers beside each parameter (``slots``), whether it needs the number of the
    step (``counts_steps``; a schedule counts in any case), whether the weight decay is left to its rule
    (``decouples_decay``), and what its ``rule`` is.

    Args:
        learning_rate: How far a step goes: a number of at least 0, a schedule, or a function from the step to it.
        weight_decay: The strength λ of the pull towards zero, at least 0: λθ is added to each gradient, which is the
            gradient of a penalty ½λ‖θ‖² (``AdamW`` pulls in another way). It is added after clipping.
        clip_norm: The largest norm that all gradients together may have; above it they are scaled down together
            (Pascanu et al., 2013).
        clip_value: The largest absolute value that an element of a gradient may have; applied before the norm.

    Raises:
        ArgumentError: If a hyper-parameter is outside its range.

    Example:
        >>> import backlit as bl
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True, repr=False)
        ... class SignDescent(Optimizer):
        ...     slots = ()
        ...     def rule(self, clock):
        ...         return lambda θ, gradient, memory: (θ - clock.rate * bl.sign(gradient), {})
        >>> w = bl.parameter([3.0, -2.0])
        >>> updates = SignDescent(0.5).updates(bl.sum(w * w), [w])
        >>> updates[w].evaluate().tolist()
        [2.5, -1.5]
    """

    counts_steps: ClassVar[bool] = False
    decouples_decay: ClassVar[bool] = False

    learning_rate: LearningRate
    weight_decay: float = field(default=0.0, kw_only=True)
    clip_norm: float | None = field(default=None, kw_only=True)
    clip_value: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self._settle("learning_rate", check_learning_rate(self.learning_rate))
        self._check("weight_decay")
        for name in ("clip_norm", "clip_value"):
            if getattr(self, name) is not None:
                self._check(name, above=0.0, why="gradients are bounded by a finite number above 0, or by None")

    @final
    def _check(self, name: str, **limits: Any) -> None:
        """Check a number among the settings; call it from ``__post_init__``."""
        self._settle(name, check_number(getattr(self, name), name.replace("_", " "), **limits))

    @final
    def _settle(self, name: str, value: object) -> None:
        """Keep a number as a Python float whatever it was given as, so that equal settings are equal and print so."""
        object.__setattr__(self, name, value)

    @property
    @abstractmethod
    def slots(self) -> tuple[str, ...]:
        """The names of the arrays remembered beside each parameter, each of its shape and zero at first."""

    @abstractmethod
    def rule(self, clock: Clock) -> Rule:
        """Return the update of one parameter, as graph.

        It is asked for once for all parameters of a data type, so that single numbers are built once.

        Args:
            clock: The learning rate and the bias corrections of this step.

        Returns:
            A function of a parameter's value, its gradient and its memory by slot, which returns the new value and
            the new memory by slot.
        """

    @final
    def state(self, parameters: Parameters) -> dict[str, Parameter]:
        """Make fresh state: what is remembered from step to step, all zero.

        Args:
            parameters: What is to be trained: a mapping from names to parameters, or parameters.

        Returns:
            Parameters that are not trainable, by name: for each trained parameter and slot one of its shape and data
            type, such as ``"0.weight.momentum"``; and ``"step"``, a float32 of shape () that counts the updates,
            where anything needs it (a schedule, a bias correction). A float32 counts up to 16,777,216 and then
            stands still, and so do a schedule and a correction.

        Raises:
            TrainingError: If there is no parameter.
            ArgumentError: If something is not a trainable parameter, or two pieces of state get the same name.

        Example:
            >>> import backlit as bl
            >>> w = bl.parameter([1.0, 2.0], name="w")
            >>> bl.optim.SGD(0.1, momentum=0.9).state([w])
            {'w.momentum': <parameter 'w.momentum': float32[2]>}
        """
        made: dict[str, Parameter] = {}
        for name, trained in named_parameters(parameters).items():
            for slot in self.slots:
                label = f"{name}.{slot}"
                if label in made:
                    raise ArgumentError(f"two pieces of state are called {label!r}", instead="rename a parameter")
                zeros = np.zeros(trained.shape)
                made[label] = parameter(zeros, name=label, dtype=trained.dtype, trainable=False)
        if self._counts:
            made["step"] = parameter(0.0, name="step", dtype="float32", trainable=False)
        return made

    @final
    def updates(
        self,
        loss: Node | Mapping[Parameter, Node],
        parameters: Parameters,
        state: Mapping[str, Parameter] | None = None,
    ) -> dict[Parameter, Node]:
        """Build one step: the new value of each parameter and of each piece of state.

        Args:
            loss: What is to become small, a float node of shape (); or gradients of your own, by parameter.
            parameters: What is to be trained: a mapping from names to parameters, or parameters.
            state: What ``state`` made for these parameters; by default it is made here, and is found among the keys
                of the result.

        Returns:
            The updates, for ``bl.compile(updates=...)``: parameters first, in order, then the state.

        Raises:
            NotScalarError: If the loss is not a single number.
            DisconnectedError: If the loss does not depend on a parameter.
            TrainingError: If there is no parameter, or only flat functions lead from the parameters to the loss.
            ArgumentError: If something is not a trainable parameter, or the state is not that of this optimiser.
            ShapeError: If a given gradient or piece of state does not have the shape of its parameter.

        Example:
            >>> import backlit as bl
            >>> w = bl.parameter(3.0, name="w")
            >>> loss = w * w
            >>> step = bl.compile(outputs=loss, updates=bl.optim.SGD(0.25).updates(loss, [w]))
            >>> [float(step()) for _ in range(3)]
            [9.0, 2.25, 0.5625]
        """
        named = named_parameters(parameters)
        kept = self.state(named) if state is None else self._checked_state(state, named)
        gradients = gradients_of(loss, named)
        updates: dict[Parameter, Node] = {}
        memories: dict[Parameter, Node] = {}
        with scope("update"):
            gradients = clip_gradients(gradients, value=self.clip_value, norm=self.clip_norm)
            rules: dict[str, Rule] = {}
            for name, trained in named.items():
                if trained.dtype not in rules:
                    step = cast(kept["step"], trained.dtype) if self._counts else None
                    rules[trained.dtype] = self.rule(Clock(self.learning_rate, step))
                memory = {slot: kept[f"{name}.{slot}"] for slot in self.slots}
                gradient = self._with_decay(trained, gradients[trained])
                updates[trained], news = rules[trained.dtype](trained, gradient, memory)
                memories |= {memory[slot]: value for slot, value in news.items()}
            if self._counts:
                memories[kept["step"]] = kept["step"] + 1.0
        return updates | memories

    @property
    def _counts(self) -> bool:
        return self.counts_steps or callable(self.learning_rate)

    def _with_decay(self, θ: Node, gradient: Node) -> Node:
        """Add the gradient of ½λ‖θ‖², unless the rule pulls towards zero itself."""
        return gradient + self.weight_decay * θ if self.weight_decay and not self.decouples_decay else gradient

    def _checked_state(self, state: Mapping[str, Parameter], named: Mapping[str, Parameter]) -> Mapping[str, Parameter]:
        expected = self.state(named)
        remedy = "make it with optimizer.state(parameters), for the same optimiser and the same parameters"
        for name in expected:
            if name not in state:
                raise ArgumentError(f"the state lacks {name!r}{nearest(name, state)}", instead=remedy)
        for name, piece in state.items():
            if name not in expected:
                raise ArgumentError(
                    f"the state holds {name!r}, which {self!r} does not use{nearest(name, expected)}", instead=remedy
                )
            if not isinstance(piece, Parameter) or piece.trainable or piece.spec != expected[name].spec:
                raise ArgumentError(
                    f"the state {name!r} is {piece!r}",
                    why=f"it is a parameter of {expected[name].spec} that is not trainable",
                    instead=remedy,
                )
        return state

    def __repr__(self) -> str:
        settings = sorted(fields(self), key=lambda setting: setting.kw_only is True)
        return f"{type(self).__name__}({', '.join(f'{s.name}={_shown(getattr(self, s.name))}' for s in settings)})"


def _shown(value: object) -> str:
    """Print a setting; a function by its name rather than by its address."""
    if callable(value) and not isinstance(value, Schedule):
        return str(getattr(value, "__qualname__", repr(value)))
    return repr(value)
