"""Text: explanations, paths, steps and nudges for a terminal of 80 columns, readable without colour."""

import math
import textwrap
from collections.abc import Iterable

from backlit.explain.narration.explanation import Contribution, Explanation, Number, Origin, Places, Summary, UpdateLine
from backlit.explain.nudging import Nudge
from backlit.explain.numerals import format_number
from backlit.explain.paths import InfluencePath, Paths
from backlit.explain.showing import renders
from backlit.explain.stepping import Step

__all__ = ["explanation_text", "nudge_text", "number_text", "paths_text", "step_text"]

_WIDTH = 80
_LONG_PATH = 8


def number_text(number: Number) -> str:
    """Write a number, or an array by its shape and norm.

    Args:
        number: Either.

    Returns:
        The text.

    Example:
        >>> number_text(2.0), number_text(Summary((2, 3), 1.5, 0.1, -1.0, 2.0))
        ('2', '[2 × 3], norm 1.5, mean 0.1, from -1 to 2')
    """
    if not isinstance(number, Summary):
        return format_number(number)
    shape = " × ".join(map(str, number.shape))
    if 0 in number.shape:
        return f"[{shape}], empty"
    return (
        f"[{shape}], norm {format_number(number.norm)}, mean {format_number(number.mean)}, "
        f"from {format_number(number.low)} to {format_number(number.high)}"
    )


def _factor(number: float) -> str:
    return f"({format_number(number)})" if number < 0 else format_number(number)


def _wrapped(line: str) -> Iterable[str]:
    """Break a line that is too long, with what follows set further in than its beginning."""
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(
        line, _WIDTH, subsequent_indent=f"{indent}    ", break_long_words=False, break_on_hyphens=False
    ) or [""]


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(part for line in lines for part in _wrapped(line))


@renders("text", Explanation)
def explanation_text(told: Explanation) -> str:
    """Write an explanation: where the number came from, what it does to the loss, how an update changes it.

    Args:
        told: The explanation.

    Returns:
        The text.

    Example:
        >>> print(explanation_text(Explanation("c", "a constant", "L", 1.0, 2.0, None)))
        c = 2, a constant
    """
    lines = [f"{told.name} = {number_text(told.value)}, {told.kind}"]
    if told.origin is not None:
        lines += _origin_lines(told.name, told.origin, told.value)
    if told.gradient is not None:
        lines += ["", *_gradient_lines(told)]
    if len(told.chain) > 1:
        lines += ["", f"upstream, from {told.loss} back", *_chain_lines(told)]
    if told.update:
        lines += ["", f"a step changes {told.name}", *_update_lines(told.update)]
    lines += [line for note in told.notes for line in ("", f"note: {note}")]
    if told.places:
        lines += ["", _places_line(told.places)]
    return _joined(lines)


def _places_line(places: Places) -> str:
    """Say where the nodes stand that have no name of their own: ``(%4 stands in 1, %5 and %6 in 2)``."""
    parts: list[str] = []
    for scope, names in places:
        listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        verb = "" if parts else " stands" if len(names) == 1 else " stand"
        parts.append(f"{listed}{verb} in {scope}")
    return f"({', '.join(parts)})"


def _origin_lines(name: str, origin: Origin, value: Number) -> list[str]:
    number = number_text(value) if not isinstance(value, Summary) else ""
    told = f" = {origin.numbers} = {number}" if origin.numbers not in ("", number) else ""
    lines = [f"  {name} = {origin.formula}{told}"]
    for term in origin.terms:
        same = term.numbers == format_number(term.value)
        lines.append(f"    {term.formula} = {term.numbers}" + ("" if same else f" = {format_number(term.value)}"))
    if origin.omitted:
        lines.append(f"    and {_rest(origin.omitted, origin.omitted_sum)}")
    return lines


def _rest(count: int, total: float) -> str:
    """Say how many others there are, and what they come to."""
    if total == 0.0:
        return f"{count} more, together 0"
    return f"{count} smaller one{'s' * (count != 1)}, together {format_number(total)}"


def _gradient_lines(told: Explanation) -> list[str]:
    assert told.gradient is not None
    derivative = f"∂{told.loss}/∂{told.name}"
    lines = [f"{derivative} = {number_text(told.gradient)}"]
    if not told.contributions and told.name == told.loss:
        lines.append("  the way back begins here: a number changes with itself one to one")
    elif not told.contributions:
        lines.append("  nothing comes back: every local derivative is 0 here")
    rules: set[str] = set()
    for part in told.contributions:
        lines += _contribution_lines(told, part, rules)
    if told.omitted:
        whole = isinstance(told.gradient, Summary)
        lines.append(f"  and through {f'{told.omitted} more' if whole else _rest(told.omitted, told.omitted_sum)}")
    parts = [format_number(part.product) for part in told.contributions if not isinstance(part.product, Summary)]
    parts += [format_number(told.omitted_sum)] * (told.omitted_sum != 0.0)
    if len(parts) > 1 and not isinstance(told.gradient, Summary):
        total = parts[0] + "".join(f" - {part[1:]}" if part.startswith("-") else f" + {part}" for part in parts[1:])
        lines.append(f"  sum: {total} = {format_number(told.gradient)}")
    return lines


def _contribution_lines(told: Explanation, part: Contribution, cited: set[str]) -> list[str]:
    """Write one contribution; a rule is cited where it is used first."""
    where = f", by its {_ordinal(part.argument)} argument" if part.argument else ""
    lines = [f"  through {part.consumer} = {part.formula}{where}"]
    upstream = f"∂{told.loss}/∂{part.consumer}"
    rule = f"    {part.rule}" if part.rule not in cited else ""
    cited.add(part.rule)
    if isinstance(part.product, Summary) or part.local is None:
        lines += _with_rule(f"    local     {part.local_formula or 'none'}", rule)
        lines.append(f"    upstream  {upstream} = {number_text(part.upstream)}")
        lines.append(f"    comes back  {number_text(part.product)}")
        return lines
    local = number_text(part.local)
    shown = f"{part.local_formula} = {local}" if part.local_formula not in ("", local) else local
    assert not isinstance(part.local, Summary)
    assert not isinstance(part.upstream, Summary)
    begins = "    where the way back begins" if part.consumer == told.loss else ""
    lines += _with_rule(f"    local     ∂{part.consumer}/∂{told.name} = {shown}", rule)
    lines.append(f"    upstream  {upstream} = {number_text(part.upstream)}{begins}")
    product = f"{format_number(part.local)} · {_factor(part.upstream)}"
    lines.append(f"    {product} = {number_text(part.product)}")
    return lines


def _ordinal(number: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(number, f"{number}th")


def _with_rule(line: str, rule: str) -> list[str]:
    """Cite a rule behind a line, or below it where there is no room."""
    return [line + rule] if len(line + rule) <= _WIDTH else [line, f"          {rule}"]


def _chain_lines(told: Explanation) -> list[str]:
    lines = []
    for link in told.chain:
        products = " + ".join(
            f"{_factor(local) if place else format_number(local)} · {_factor(upstream)}"
            for place, (local, upstream) in enumerate(link.factors)
        )
        begin = f"  ∂{told.loss}/∂{link.name} = "
        number = format_number(link.gradient)
        lines.append(f"{begin}{products} = {number}    {link.formula}" if products else f"{begin}{number}")
    return lines


def _update_lines(update: tuple[UpdateLine, ...]) -> list[str]:
    lines = []
    for line in update:
        arrow = "←" if line is update[-1] else "="
        numbers = f" = {line.numbers}" if line.numbers and line.numbers != line.formula else ""
        lines.append(f"  {line.name} {arrow} {line.formula}{numbers} = {number_text(line.value)}")
    return lines


@renders("text", Paths)
def paths_text(told: Paths) -> str:
    """Write paths with their products.

    Args:
        told: The paths.

    Returns:
        The text.

    Example:
        >>> print(paths_text(Paths("x", "y", (), 0.0, None)))
        no path from x to y passes anything by itself: ∂y/∂x = 0
    """
    every = told.count is not None and told.count == len(told.paths)
    count, ends = len(told.paths), f"from {told.source} to {told.target}"
    plural = "s" if count != 1 else ""
    many = f"{_many(told.count)} paths" if told.count is not None else "all paths"
    if every:
        line = f"{count} path{plural} {ends}"
    elif not count:
        line = f"no path {ends} passes anything by itself"
    else:
        line = f"the strongest {count} of {many} {ends}"
    if told.gradient is not None:
        line += f": ∂{told.target}/∂{told.source} = {format_number(told.gradient)}"
    lines = [line]
    for path in told.paths:
        lines += _path_lines(path)
    if not every and told.gradient is not None and told.paths:
        lines.append(f"  together {format_number(told.listed)} of the {format_number(told.gradient)} over {many}")
    if any(_left_out(path) for path in told.paths):
        lines.append("  (factors of 1 are left out)")
    if told.places:
        lines += ["", _places_line(told.places)]
    return _joined(lines)


def _many(count: int) -> str:
    """Write how many paths there are; a number too long to be read by its power of ten."""
    return f"{count:,}" if count < 10**12 else f"about 10^{math.floor(math.log10(count))}"


def _path_lines(path: InfluencePath) -> list[str]:
    """Write a path and its product; on lines of their own where they do not fit into one."""
    shown = [factor for factor in path.factors if factor != 1.0] if _left_out(path) else path.factors
    factors = " · ".join([format_number(shown[0]), *map(_factor, shown[1:])]) if shown else "1"
    product = format_number(path.product)
    way, number = f"  {' → '.join(path.names)}", factors if factors == product else f"{factors} = {product}"
    return [f"{way}    {number}"] if len(way) + 4 + len(number) <= _WIDTH else [way, f"      {number}"]


def _left_out(path: InfluencePath) -> bool:
    """Say whether a path is so long that its factors of 1 would hide the others."""
    return len(path.factors) > _LONG_PATH and 1.0 in path.factors


@renders("text", Step)
def step_text(told: Step) -> str:
    """Write one step of a run.

    Args:
        told: The step.

    Returns:
        The text.

    Example:
        >>> print(step_text(Step(1, "forward", "f", "x · w", "3 · 4", 12.0)))
        1 forward   f = x · w = 3 · 4 = 12
    """
    head = f"{told.number} {told.phase}".ljust(11)
    value = number_text(told.value)
    numbers = f" = {told.numbers}" if told.numbers not in ("", value) else ""
    if told.phase == "forward":
        return _joined([f"{head} {told.name} = {told.formula}{numbers} = {value}"])
    if told.phase == "update":
        before = "" if told.before is None else number_text(told.before)
        line = f"{head} {told.name}: {before} → {value}"
        return _joined(_with_rule(line, f"    by {told.formula}{numbers}") if told.formula != told.name else [line])
    lines = [f"{head} {told.formula} = {value}"]
    for flow in told.flows:
        if isinstance(flow.value, Summary) or isinstance(told.value, Summary):
            lines.append(f"    to {flow.target}  {flow.local or 'its share'}: {number_text(flow.value)}")
        else:
            local = f"({flow.local})" if " + " in flow.local or " - " in flow.local else flow.local
            lines.append(f"    to {flow.target}  {local} · {_factor(told.value)} = {format_number(flow.value)}")
        lines[-1:] = _with_rule(lines[-1], f"    {flow.rule}")
    return _joined(lines)


@renders("text", Nudge)
def nudge_text(told: Nudge) -> str:
    """Write what a change did to the loss, beside what was predicted.

    Args:
        told: The nudge.

    Returns:
        The text.

    Example:
        >>> print(nudge_text(Nudge("θ1", 2.0, "f", 3.0, 9.0, 3.0, 9.0, "straight")))
        θ1 + 2: f goes from 3 to 9
          predicted  3 + 3 · 2 = 9   (gradient · change)
          exactly: here the loss is a straight line
    """
    moved = f"{told.name} {'+' if told.change >= 0 else '-'} {format_number(abs(told.change))}"
    if told.shape:
        moved = f"{told.name} moved by an array of norm {format_number(told.change)}"
    before, after, predicted = map(format_number, (told.before, told.after, told.predicted))
    product = f"{_factor(told.gradient)} · {_factor(told.change)}"
    return _joined(
        [
            f"{moved}: {told.loss} goes from {before} to {after}",
            f"  predicted  {before} + {product} = {predicted}   (gradient · change)",
            f"  {_verdict(told)}",
        ]
    )


def _verdict(told: Nudge) -> str:
    if not math.isfinite(told.error):
        return "which says nothing: not all of these numbers are finite"
    if told.verdict == "still":
        return "exactly: nothing has moved" + (", so small a change is lost in rounding" if told.change else "")
    if told.verdict == "straight":
        return "exactly: here the loss is a straight line"
    if told.verdict == "rounded":
        return "off by less than rounding shows"
    return f"off by {format_number(told.error)}, because the loss is curved here"
