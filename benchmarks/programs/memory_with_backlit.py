"""Train the digit net for some steps with backlit, and print the peak of the memory in bytes.

Arguments: the optimiser, the size of a batch, and ``growth``, from before the net is built, or ``process``, for all;
the engine.
"""

import sys
from collections.abc import Sequence

from benchmarks.peers.nets.with_backlit import train_by_step
from benchmarks.programs.memory import peak_from_here, say_growth
from benchmarks.tasks import digits_task


def main(arguments: Sequence[str]) -> int:
    """Train, and look at the peak."""
    optimizer, batch, measure, engine = arguments
    task = digits_task(optimizer, int(batch), 20)
    start = peak_from_here()
    steps = train_by_step(task, engine)
    steps.turn()
    say_growth(start, measure)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
