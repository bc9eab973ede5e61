"""Narration: the chain rule for one number of a run, told as a teacher would, as data."""

from backlit.explain.narration.explanation import (
    ChainLink,
    Contribution,
    Explanation,
    Origin,
    Summary,
    Term,
    UpdateLine,
)

__all__ = ["ChainLink", "Contribution", "Explanation", "Origin", "Summary", "Term", "UpdateLine"]
