"""Describing a model: its four components in words, and its modules as a tree.

A parametric model consists of its input, its functional form, the loss that measures it and the optimiser that improves
it. This module knows no module, only the few words that each says about itself.
"""

import inspect
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Protocol

from backlit.graph.leaves import Parameter
from backlit.nn.configuration import summary_of
from backlit.nn.walk import Composite, walk

__all__ = ["Description", "describe", "tree_text"]


class Described(Protocol):
    """What a model says about itself."""

    def stages(self) -> Sequence[tuple[str, Any]]:
        """Return its steps, each with its path."""
        ...

    def takes(self) -> str:
        """Say what its input is."""
        ...

    @property
    def parameter_count(self) -> int:
        """The number of trainable numbers."""
        ...


@dataclass(frozen=True)
class Description:
    """The four components of a parametric model, and its size; printed as a text.

    Args:
        input: What goes in.
        functional_form: What is computed, a line a step, with parameters under their names.
        loss: What is minimised; empty where it was not given.
        optimizer: How it is minimised; empty where it was not given.
        parameter_count: The number of trainable numbers.
        remarks: What is worth knowing besides.

    Example:
        >>> import backlit as bl
        >>> print(bl.nn.Linear(2, 1).describe())
        input            2 features
        functional form  ŷ = x · weight + bias
        parameters       3
    """

    input: str
    functional_form: tuple[str, ...]
    loss: str
    optimizer: str
    parameter_count: int
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows: list[tuple[str, str]] = [("input", self.input)]
        rows += [("functional form" if i == 0 else "", line) for i, line in enumerate(self.functional_form)]
        rows += [("loss", self.loss), ("optimiser", self.optimizer), ("parameters", f"{self.parameter_count:,}")]
        rows += [("remark", remark) for remark in self.remarks]
        return "\n".join(f"{label:<17}{text}" for label, text in rows if text)


def describe(model: Described, loss: object, optimizer: object) -> Description:
    """Describe a model.

    Args:
        model: The model.
        loss: The loss function, or None.
        optimizer: The optimiser, or None.

    Returns:
        The description.

    Example:
        >>> import backlit as bl
        >>> describe(bl.nn.ReLU(), None, None).functional_form
        ('ŷ = ReLU(x)',)
    """
    stages = model.stages()
    lines = []
    argument = "x"
    for number, (path, stage) in enumerate(stages, start=1):
        name = "ŷ" if number == len(stages) else f"h{number}"
        lines.append(f"{name} = {stage.formula(argument, path)}")
        argument = name
    width = max(len(line.partition(" = ")[0]) for line in lines)
    aligned = tuple(f"{name:<{width}} = {rest}" for name, _, rest in (line.partition(" = ") for line in lines))
    return Description(
        input=model.takes() or "values of any shape",
        functional_form=aligned,
        loss=_loss_text(loss),
        optimizer=_optimizer_text(optimizer),
        parameter_count=model.parameter_count,
        remarks=tuple(_remarks(stages)),
    )


def _loss_text(loss: object) -> str:
    """Name a loss with the first sentence of its documentation, which holds the formula and its convention."""
    if loss is None:
        return ""
    name = getattr(loss, "__name__", None) or repr(loss)
    first = (inspect.getdoc(loss) or "").partition("\n\n")[0].replace("\n", " ") if callable(loss) else ""
    return f"{name}: {first}" if first else name


def _optimizer_text(optimizer: object) -> str:
    """Name an optimiser with the settings that differ from their defaults."""
    if optimizer is None:
        return ""
    if not is_dataclass(optimizer) or isinstance(optimizer, type):
        return repr(optimizer)
    settings = [
        f"{field.name}={getattr(optimizer, field.name)!r}"
        for field in fields(optimizer)
        if field.repr and getattr(optimizer, field.name) != field.default
    ]
    return f"{type(optimizer).__name__}({', '.join(settings)})"


def _remarks(stages: Sequence[tuple[str, Any]]) -> list[str]:
    """Say where two affine maps stand one after the other: together they are a single one."""
    counted = [(path, stage) for path, stage in stages if stage.parameter_count or not stage.is_affine]
    return [
        f"{first!r} and {second!r} are affine with no activation between them: together they can do no more than one "
        "Linear layer (bl.nn.collapse shows it)"
        for (first, one), (second, two) in itertools.pairwise(counted)
        if one.is_affine and two.is_affine
    ]


def tree_text(root: Composite) -> str:
    """Draw a model as a tree of its modules, with the number of trainable numbers in each.

    Args:
        root: The model.

    Returns:
        A text of one line a module. A part that stands at several places is drawn at its first.

    Example:
        >>> import backlit as bl
        >>> print(tree_text(bl.nn.Sequential(bl.nn.Linear(2, 3), bl.nn.ReLU())))
        Sequential: 9 parameters
        ├── 0: Linear(2, 3): 9 parameters
        └── 1: ReLU
    """
    things = {found.path: found.thing for found in walk(root)}
    lines: list[str] = []
    _draw((), things, "", "", lines)
    return "\n".join(lines)


Things = Mapping[tuple[str, ...], Composite | Parameter]


def _draw(path: tuple[str, ...], things: Things, first: str, rest: str, lines: list[str]) -> None:
    within = [p for p in things if p[: len(path)] == path and p != path]
    modules = [p for p in within if isinstance(things[p], Composite)]
    children = [p for p in modules if not any(p[: len(q)] == q and p != q for q in modules)]
    lines.append(first + _title(path, things))
    own: list[tuple[str, ...]] = []
    if children:  # a leaf says all there is in its title
        own = [p for p in within if not any(p[: len(q)] == q for q in children)]
    shown = [p for p in within if p in {*children, *own}]
    for place in shown:
        last = place == shown[-1]
        name = ".".join(place[len(path) :])
        branch, deeper = ("└── ", "    ") if last else ("├── ", "│   ")
        thing = things[place]
        if isinstance(thing, Parameter):
            lines.append(f"{rest}{branch}{name}: {thing.spec}{'' if thing.trainable else ' (not trainable)'}")
        else:
            _draw(place, things, f"{rest}{branch}{name}: ", rest + deeper, lines)


def _title(path: tuple[str, ...], things: Things) -> str:
    thing = things[path]
    assert isinstance(thing, Composite)
    count = sum(
        part.size
        for place, part in things.items()
        if isinstance(part, Parameter) and part.trainable and place[: len(path)] == path
    )
    size = f": {count:,} parameter{'s' * (count != 1)}" if count else ""
    return summary_of(thing) + size
