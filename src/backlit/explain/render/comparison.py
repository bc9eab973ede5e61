"""Derivatives side by side: as a table for a terminal of 80 columns, and the error against the step as a picture."""

import math
import textwrap
from collections.abc import Sequence

import numpy as np

from backlit.explain.comparison import DerivativeComparison, DerivativeRow, StepErrors
from backlit.explain.numerals import format_number
from backlit.explain.showing import renders

__all__ = ["comparison_svg", "comparison_text"]

_COLUMNS = 80
_SHOWN = 4
"""Of how many numbers the derivatives are written out."""

_LEAST = 1e-17
"""An error of 0 is drawn here."""


def _seconds(seconds: float) -> str:
    if math.isnan(seconds):
        return "-"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _error(row: DerivativeRow) -> str:
    return "-" if math.isnan(row.error) else "0" if row.error == 0 else f"{row.error:.1e}"


@renders("text", DerivativeComparison)
def comparison_text(told: DerivativeComparison) -> str:
    """Write a comparison: the derivatives by each method, what they cost, and how the step decides about differences.

    Args:
        told: The comparison.

    Returns:
        The text.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> print(comparison_text(bl.compare_derivatives(x * x, {"x": 3.0})).splitlines()[0])
        derivatives of f = 9 at x = 3
    """
    point = ", ".join(f"{name} = {_array(array)}" for name, array in told.at.items())
    lines = [*_wrapped(f"derivatives of {told.function} = {format_number(told.value)} at {point}", "", "    "), ""]
    lines.append(f"{'method':<13}{'error':>9}{'operations':>12}{'time':>10}")
    for row in told.rows:
        operations = "-" if row.operations is None else f"{row.operations:,}"
        lines.append(f"{row.method:<13}{_error(row):>9}{operations:>12}{_seconds(row.seconds):>10}")
        lines += _wrapped(row.note, "    ", "        ")
    for note in told.notes:
        lines += ["", *_wrapped(f"note: {note}", "", "    ")]
    lines.append("")
    shown, rest = _elements(told)
    for name, index in shown:
        lines.append(f"∂{told.function}/∂{_name(name, index)}")
        lines += [
            f"    {row.method:<13}{float(row.values[name][index]):.12g}" for row in told.rows if name in row.values
        ]
        if name in told.formulas and not index:
            lines += _wrapped(f"= {told.formulas[name]}", "    ", "        ")
    if rest:
        lines.append(f"and {rest} more")
    for name, formula in told.formulas.items():
        if told.at[name].ndim:
            lines += [f"∂{told.function}/∂{name}", *_wrapped(f"= {formula}", "    ", "        ")]
    lines += ["", *_curve_lines(told.step_errors)]
    return "\n".join(lines)


def _wrapped(text: str, first: str, further: str) -> list[str]:
    """Break a line where it is longer than the terminal."""
    return textwrap.wrap(
        text,
        _COLUMNS,
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _array(array: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> str:
    if array.ndim == 0:
        return format_number(float(array))
    if array.size > _SHOWN or array.size == 0:
        return f"[{' × '.join(map(str, array.shape))}]"
    return f"[{', '.join(_array(row) for row in array)}]"


def _name(name: str, index: Sequence[int]) -> str:
    return f"{name}[{','.join(map(str, index))}]" if index else name


def _elements(told: DerivativeComparison) -> tuple[list[tuple[str, tuple[int, ...]]], int]:
    """Choose the numbers whose derivatives are written out: the first ones; and say how many others there are."""
    exact = told["reverse mode"].values
    every = [(name, tuple(map(int, index))) for name, array in exact.items() for index in np.ndindex(*array.shape)]
    return every[:_SHOWN], len(every) - _SHOWN if len(every) > _SHOWN else 0


def _curve_lines(errors: StepErrors) -> list[str]:
    """Write the error at every whole power of ten and at the best steps, with a dot for each digit that is right."""
    if not any(map(math.isfinite, (*errors.forward, *errors.central))):
        return ["differences are not finite, whatever their step"]
    forward, central = errors.best
    lines = [
        f"error of differences by the step h: best at h = {forward:.0e} (forward), {central:.0e} (central)",
        f"{'h':>7}  {'forward':<28}central",
    ]
    for number, (step, ahead, both) in enumerate(zip(errors.steps, errors.forward, errors.central, strict=True)):
        if number % 2 and step not in errors.best:
            continue
        lines.append(f"{step:>7.0e}  {_dots(ahead):<28}{_dots(both):<28}".rstrip())
    return lines


def _dots(error: float) -> str:
    if not math.isfinite(error):
        return "not finite"
    digits = 0 if error >= 1 else min(16, round(-math.log10(max(error, _LEAST))))
    return f"{error:<8.0e}{'•' * digits}"


_ABOUT = (
    'class="bl-errors" role="img" aria-label="error of differences against the step h" '
    'font-family="sans-serif" font-size="12"'
)
_STYLE = (
    "<style>.bl-errors text{fill:#222}.bl-grid{stroke:#ddd}.bl-page{fill:#fff}"
    "@media(prefers-color-scheme:dark){.bl-errors text{fill:#ddd}.bl-grid{stroke:#444}.bl-page{fill:#14181d}}</style>"
)
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 560, 340, 64, 40, 20, 52


@renders("svg", DerivativeComparison)
def comparison_svg(told: DerivativeComparison) -> str:
    """Draw the error of forward and central differences against the step h, both on logarithmic axes.

    Args:
        told: The comparison.

    Returns:
        An SVG picture.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> comparison_svg(bl.compare_derivatives(x * x, {"x": 3.0})).startswith("<svg")
        True
    """
    errors = told.step_errors
    low, high = -17, 2
    first, last = math.log10(min(errors.steps)), math.log10(max(errors.steps))

    def across(step: float) -> float:
        return _LEFT + (math.log10(step) - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)

    def down(error: float) -> float:
        place = min(max(math.log10(max(error, _LEAST)), low), high)
        return _TOP + (high - place) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" {_ABOUT}>',
        _STYLE,
        f'<rect class="bl-page" width="{_WIDTH}" height="{_HEIGHT}"/>',
        f'<text x="{_LEFT}" y="20" font-size="14">Error of differences against the step h</text>',
    ]
    for power in range(-15, 0, 2):
        x = across(10.0**power)
        parts.append(f'<line class="bl-grid" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_HEIGHT - _BOTTOM}"/>')
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{_power(power)}</text>')
    for power in range(-15, 2, 5):
        y = down(10.0**power)
        parts.append(f'<line class="bl-grid" x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_power(power)}</text>')
    parts.append(f'<text x="{(_LEFT + _WIDTH) / 2:.0f}" y="{_HEIGHT - 12}" text-anchor="middle">step h</text>')
    styles = (("forward", errors.forward, "#b35900", "6 4"), ("central", errors.central, "#0a58ca", "none"))
    for place, (name, found, colour, dashes) in enumerate(styles):
        known = [(h, error) for h, error in zip(errors.steps, found, strict=True) if math.isfinite(error)]
        if not known:
            continue
        points = " ".join(f"{across(h):.1f},{down(error):.1f}" for h, error in known)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>'
        )
        best, least = min(known, key=lambda pair: pair[1])
        x, y = across(best), down(least)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"><title>best</title></circle>')
        label = f"{name}: best at h = {best:.0e}"
        line = f'x1="{_LEFT + 12}" x2="{_LEFT + 40}" y1="{_TOP + 14 + 18 * place}" y2="{_TOP + 14 + 18 * place}"'
        parts.append(f'<line {line} stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>')
        parts.append(f'<text x="{_LEFT + 48}" y="{_TOP + 18 + 18 * place}">{label}</text>')
    return "\n".join([*parts, "</svg>"])


def _power(exponent: int) -> str:
    """Write a power of ten."""
    return "10" + "".join("⁻" if c == "-" else "⁰¹²³⁴⁵⁶⁷⁸⁹"[int(c)] for c in str(exponent))
