"""Places: where the array of each node lies while a program runs.

A program's context is a table of addresses. Inputs, parameters, constant arrays and outputs have an entry each; what
kernels leave for one another lies in an arena, at an offset that the plan has chosen, either in the part that all
threads share or in the part that each thread has for itself.
"""

from dataclasses import dataclass

__all__ = ["ARENA", "BARRIER", "CLOCK", "FAULT", "FIRST_SLOT", "PRIVATE", "Place"]

ARENA = 0
"""The entry with the address of the shared arena."""
PRIVATE = 1
"""The entry with the address of the first thread's own arena."""
BARRIER = 2
"""The entry with the address of the barrier's flags."""
FAULT = 3
"""The entry that receives an index out of range."""
CLOCK = 4
"""The entry with the address of the table of times, where a step is timed."""
FIRST_SLOT = 5
"""The first entry for the arrays of nodes."""


@dataclass(frozen=True)
class Place:
    """Where an array lies.

    Args:
        room: ``slot``, ``arena``, or ``private`` for each thread's own arena.
        position: The entry of the context, or the offset in bytes.
    """

    room: str
    position: int

    def __str__(self) -> str:
        return f"{self.room}+{self.position}" if self.room != "slot" else f"slot {self.position}"
