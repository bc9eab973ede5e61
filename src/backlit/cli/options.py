"""Options that several commands have, so that they are called and explained alike.

This module imports typer.
"""

import math
from typing import Any

import typer

__all__ = ["LARGEST_SEED", "check_rate", "count_option", "json_option", "seed_option"]

LARGEST_SEED = 2**63 - 1
"""The largest seed that the command line takes."""

_LARGEST_COUNT = 1_000_000


def seed_option(meaning: str) -> Any:
    """Return the option `--seed`, a whole number from 0 to `LARGEST_SEED`.

    Args:
        meaning: What follows from it, for the help.

    Returns:
        What typer takes beside a type.

    Example:
        >>> seed_option("Which digits are shown.").help
        'Which digits are shown.'
    """
    return typer.Option(metavar="N", callback=_check_seed, help=meaning)


def _check_seed(seed: int) -> int:
    if not 0 <= seed <= LARGEST_SEED:
        raise typer.BadParameter(f"{seed} is not from 0 to {LARGEST_SEED}.")
    return seed


def count_option(meaning: str) -> Any:
    """Return an option that is a whole number of at least 1.

    Args:
        meaning: What is counted, for the help.

    Returns:
        What typer takes beside a type.

    Example:
        >>> count_option("How many digits.").metavar
        'N'
    """
    return typer.Option(metavar="N", callback=_check_count, help=meaning)


def _check_count(count: int | None) -> int | None:
    if count is not None and not 1 <= count <= _LARGEST_COUNT:
        raise typer.BadParameter(f"{count} is not from 1 to {_LARGEST_COUNT:,}.")
    return count


def json_option() -> Any:
    """Return the option `--json`.

    Returns:
        What typer takes beside a type.

    Example:
        >>> json_option().help
        'Write JSON, for other programs.'
    """
    return typer.Option("--json", help="Write JSON, for other programs.")


def check_rate(rate: float | None) -> float | None:
    """Return a learning rate, checked to be a finite number above 0.

    Args:
        rate: The rate; None where it was not given.

    Returns:
        The rate.

    Raises:
        typer.BadParameter: If it is none.

    Example:
        >>> check_rate(0.1), check_rate(None)
        (0.1, None)
    """
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise typer.BadParameter(f"{rate} is no finite number above 0; 0.002 is a usual one.")
    return rate
