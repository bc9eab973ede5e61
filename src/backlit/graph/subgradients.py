"""Subgradients: which slope is taken where a function has a kink.

At a kink every slope between the one from the left and the one from the right is a subgradient (Rockafellar, 1970).
The libraries of the field take different ones, and so do the lectures; here the choice is stated, can be set, and is
read when a gradient is built. It never touches the value of a function.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from typing import Literal

from backlit.errors import ArgumentError, nearest

__all__ = ["PRESETS", "Subgradients", "current_subgradients", "subgradients"]

Tie = Literal["first", "shared"]


@dataclass(frozen=True, slots=True)
class Subgradients:
    """The slope taken at each kind of kink.

    Args:
        relu: The slope of ``relu`` at 0, from 0 to 1.
        abs: The slope of ``abs`` at 0, from -1 to 1.
        maximum: The share of the first argument of ``maximum`` and ``minimum`` where both are equal, from 0 to 1.
        clip: The slope of ``clip`` at its two bounds, from 0 to 1.
        max: Who gets the gradient of a ``max`` or ``min`` over an axis where several are largest: the ``"first"`` of
            them, or all in ``"shared"`` equal parts.

    Raises:
        ArgumentError: If a slope is no subgradient.

    Example:
        >>> Subgradients(relu=0.5).relu
        0.5
    """

    relu: float = 0.0
    abs: float = 0.0
    maximum: float = 0.5
    clip: float = 1.0
    max: Tie = "shared"

    def __post_init__(self) -> None:
        for name, low in (("relu", 0.0), ("abs", -1.0), ("maximum", 0.0), ("clip", 0.0)):
            slope = getattr(self, name)
            if isinstance(slope, bool) or not isinstance(slope, (int, float)) or not low <= slope <= 1.0:
                raise ArgumentError(
                    f"the slope of {name} at its kink cannot be {slope!r}",
                    why=f"its subgradients there are the numbers from {low:g} to 1",
                    instead=f"choose {name} from {low:g} to 1",
                )
        if self.max not in ("first", "shared"):
            raise ArgumentError(f"a tie of max goes to 'first' or is 'shared'; received {self.max!r}")


PRESETS: dict[str, Subgradients] = {
    "backlit": Subgradients(),
    "pytorch": Subgradients(relu=0.0, abs=0.0, maximum=0.5, clip=1.0, max="shared"),
    "jax": Subgradients(relu=0.0, abs=0.0, maximum=0.5, clip=0.5, max="shared"),
    "lectures": Subgradients(relu=1.0, abs=0.0, maximum=1.0, clip=1.0, max="first"),
}
"""The choices of backlit, of PyTorch 2 (``relu``, ``maximum``, ``clamp``, ``amax``), of JAX (``nn.relu``,
``maximum``, ``clip``, ``max``) and of the lectures (ReLU'(0) = 1; all of a maximum to the first)."""

_CURRENT: ContextVar[Subgradients] = ContextVar("subgradients", default=PRESETS["backlit"])


def current_subgradients() -> Subgradients:
    """Return the slopes that gradients built now will take.

    Returns:
        The choice in force.

    Example:
        >>> current_subgradients().relu
        0.0
    """
    return _CURRENT.get()


@contextlib.contextmanager
def subgradients(preset: str = "", **slopes: float | str) -> Iterator[Subgradients]:
    """Choose the slopes that gradients built inside take at kinks.

    Args:
        preset: ``"backlit"``, ``"pytorch"``, ``"jax"`` or ``"lectures"``; by default the choice in force.
        **slopes: Single slopes that differ from it, by the names of ``Subgradients``.

    Yields:
        The choice.

    Raises:
        ArgumentError: If there is no such preset or kink, or a slope is no subgradient.

    Example:
        >>> with subgradients("lectures", abs=0.0) as choice:
        ...     print(choice.relu, choice.abs)
        1.0 0.0
    """
    if preset and preset not in PRESETS:
        raise ArgumentError(
            f"there is no preset {preset!r}{nearest(preset, PRESETS)}", instead=f"choose among {', '.join(PRESETS)}"
        )
    known = [field.name for field in fields(Subgradients)]
    for name in slopes:
        if name not in known:
            raise ArgumentError(
                f"there is no kink {name!r}{nearest(name, known)}", instead=f"choose among {', '.join(known)}"
            )
    base = PRESETS[preset] if preset else _CURRENT.get()
    token = _CURRENT.set(replace(base, **slopes))  # type: ignore[arg-type]
    try:
        yield _CURRENT.get()
    finally:
        _CURRENT.reset(token)
