"""Names and nesting: a neuron in a layer in a network.

A scope is a box that may hold nodes and further boxes. Every node remembers the scope it was built in, so that a
picture can draw one box that opens, a profile can name the slow part as its author named it, and an engine may claim
a whole box. Scopes that a user opens by the same name are the same box; each call of a composite such as ``softmax``
is a box of its own.
"""

import contextlib
import itertools
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from backlit.errors import ArgumentError

__all__ = ["Scope", "call_scope", "current_scope", "enter_scope", "scope"]

_CURRENT: ContextVar["Scope | None"] = ContextVar("scope", default=None)
_CALLS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Scope:
    """A named box of nodes.

    Args:
        name: The box's own name.
        parent: The box around it, if any.
        call: The serial number of the call that opened it; 0 where a user opened it by name.

    Example:
        >>> inner = Scope("neuron", Scope("layer1"))
        >>> inner.path, inner.depth
        ('layer1.neuron', 2)
    """

    name: str
    parent: "Scope | None" = None
    call: int = 0

    def __hash__(self) -> int:
        # Of the boxes around it only the next one counts, so that boxes may nest as deep as they like.
        return hash((self.name, self.call, self.parent and (self.parent.name, self.parent.call)))

    @property
    def path(self) -> str:
        """The names from the outermost box to this one, joined by dots."""
        return ".".join(box.name for box in self.lineage)

    @property
    def lineage(self) -> tuple["Scope", ...]:
        """The boxes from the outermost to this one."""
        boxes: list[Scope] = []
        box: Scope | None = self
        while box is not None:
            boxes.append(box)
            box = box.parent
        return tuple(reversed(boxes))

    @property
    def depth(self) -> int:
        """How many boxes one opens to see inside this one."""
        return len(self.lineage)


def current_scope() -> Scope | None:
    """Return the scope in which nodes are being built.

    Returns:
        The innermost open scope, or None outside all of them.

    Example:
        >>> current_scope() is None
        True
    """
    return _CURRENT.get()


@contextlib.contextmanager
def enter_scope(box: Scope | None) -> Iterator[Scope | None]:
    """Build everything inside in a scope that exists already.

    Args:
        box: The scope, or None for none.

    Yields:
        The scope.

    Example:
        >>> with enter_scope(Scope("layer1")):
        ...     current_scope().path
        'layer1'
    """
    token = _CURRENT.set(box)
    try:
        yield box
    finally:
        _CURRENT.reset(token)


def scope(name: str) -> contextlib.AbstractContextManager[Scope | None]:
    """Open a box by name: everything built inside belongs to it.

    Args:
        name: The box's name, without dots. A box of that name at the same place is opened again.

    Returns:
        A context manager that gives the scope.

    Raises:
        ArgumentError: If the name is empty or holds a dot.

    Example:
        >>> with scope("layer1"), scope("neuron") as box:
        ...     box.path
        'layer1.neuron'
    """
    if not isinstance(name, str) or not name or "." in name or name.strip() != name:
        raise ArgumentError(
            f"a scope needs a name without dots or outer spaces; received {name!r}",
            why="dots join the names of nested scopes",
            instead='nest them: with bl.scope("layer1"), bl.scope("neuron"): ...',
        )
    return enter_scope(Scope(name, _CURRENT.get()))


def call_scope(name: str) -> contextlib.AbstractContextManager[Scope | None]:
    """Open a box for one call of a composite, different from the box of every other call.

    Args:
        name: What is called, such as ``"softmax"``.

    Returns:
        A context manager that gives the scope.

    Example:
        >>> with call_scope("softmax") as one:
        ...     pass
        >>> with call_scope("softmax") as two:
        ...     one == two
        False
    """
    return enter_scope(Scope(name, _CURRENT.get(), next(_CALLS)))
