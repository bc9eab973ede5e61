"""Trace and compile a step of Adam of the digit net with JAX and run it once; print the seconds that this took."""

import sys
from collections.abc import Sequence

from benchmarks.contest import CLOCKS
from benchmarks.peers.nets.with_jax import train_by_step
from benchmarks.tasks import digits_task


def main(arguments: Sequence[str]) -> int:
    """Compile what is asked for."""
    _, batch, _, clock_name, _ = arguments
    clock = CLOCKS[clock_name]
    step = train_by_step(digits_task("Adam", int(batch), 1))
    start = clock()
    step.turn()
    print(clock() - start)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
