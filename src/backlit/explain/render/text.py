"""Text: explanations, steps and paths for a terminal of 80 columns, readable without colour."""

import textwrap
from collections.abc import Iterable

from backlit.explain.explanation import Contribution, Explanation, Number, Origin, Summary, UpdateLine
from backlit.explain.formulas import format_number
from backlit.explain.paths import Paths
from backlit.explain.showing import renders
from backlit.explain.stepping import Step

__all__ = ["explanation_text", "number_text", "paths_text", "step_text"]

_WIDTH = 80


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
    return _joined(lines)


def _origin_lines(name: str, origin: Origin, value: Number) -> list[str]:
    number = number_text(value) if not isinstance(value, Summary) else ""
    lines = [f"  {name} = {origin.formula}" + (f" = {origin.numbers} = {number}" if origin.numbers else "")]
    for term in origin.terms:
        same = term.numbers == format_number(term.value)
        lines.append(f"    {term.formula} = {term.numbers}" + ("" if same else f" = {format_number(term.value)}"))
    if origin.omitted:
        lines.append(f"    and {origin.omitted} smaller ones, together {format_number(origin.omitted_sum)}")
    return lines


def _gradient_lines(told: Explanation) -> list[str]:
    assert told.gradient is not None
    derivative = f"∂{told.loss}/∂{told.name}"
    lines = [f"{derivative} = {number_text(told.gradient)}"]
    if not told.contributions and told.name == told.loss:
        lines.append("  the way back begins here: a number changes with itself one to one")
    rules: set[str] = set()
    for part in told.contributions:
        lines += _contribution_lines(told, part, rules)
    if told.omitted:
        lines.append(f"  through {told.omitted} more, smaller ones: together {format_number(told.omitted_sum)}")
    if len(told.contributions) + told.omitted > 1 and not isinstance(told.gradient, Summary):
        parts = [format_number(part.product) for part in told.contributions if isinstance(part.product, float)]
        parts += [format_number(told.omitted_sum)] * bool(told.omitted)
        total = parts[0] + "".join(f" - {part[1:]}" if part.startswith("-") else f" + {part}" for part in parts[1:])
        lines.append(f"  sum: {total} = {format_number(told.gradient)}")
    return lines


def _contribution_lines(told: Explanation, part: Contribution, cited: set[str]) -> list[str]:
    """Write one contribution; a rule is cited where it is used first."""
    lines = [f"  through {part.consumer} = {part.formula}"]
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


def _with_rule(line: str, rule: str) -> list[str]:
    """Cite a rule behind a line, or below it where there is no room."""
    return [line + rule] if len(line + rule) <= _WIDTH else [line, f"          {rule}"]


def _chain_lines(told: Explanation) -> list[str]:
    lines = []
    for link in told.chain:
        products = " + ".join(f"{format_number(local)} · {_factor(upstream)}" for local, upstream in link.factors)
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
        the strongest 0 paths from x to y: ∂y/∂x = 0
    """
    every = told.count is not None and told.count == len(told.paths)
    many = f"{told.count:,}" if told.count is not None else "all"
    plural = "s" if len(told.paths) != 1 else ""
    head = f"{len(told.paths)} path{plural}" if every else f"the strongest {len(told.paths)} path{plural}"
    line = f"{head} from {told.source} to {told.target}"
    if told.gradient is not None:
        line += f": ∂{told.target}/∂{told.source} = {format_number(told.gradient)}"
    lines = [line]
    for path in told.paths:
        factors = " · ".join([format_number(path.factors[0]), *map(_factor, path.factors[1:])])
        lines.append(f"  {' → '.join(path.names)}    {factors} = {format_number(path.product)}")
    if not every and told.gradient is not None and told.paths:
        share = format_number(told.listed)
        lines.append(f"  together {share} of the {format_number(told.gradient)} over {many} paths")
    return _joined(lines)


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
    head = f"{told.number} {told.phase:<9}"
    numbers = f" = {told.numbers}" if told.numbers else ""
    if told.phase == "forward":
        return _joined([f"{head} {told.name} = {told.formula}{numbers} = {number_text(told.value)}"])
    if told.phase == "update":
        before = "" if told.before is None else number_text(told.before)
        return _joined([f"{head} {told.name}: {before} → {number_text(told.value)}"])
    lines = [f"{head} {told.formula} = {number_text(told.value)}"]
    lines += [
        f"    to {flow.target}: · {flow.local} gives {number_text(flow.value)}    {flow.rule}" for flow in told.flows
    ]
    return _joined(lines)
