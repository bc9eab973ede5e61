"""`backlit explain`: a formula that was typed is computed, and every number in it is told where it came from.

The formula is read by `backlit.graph.formula` and never evaluated as code. What it is called with, `--at "x1=3, w1=2"`,
is names and numbers alone. This module imports typer, the modules beside it, and the floors below.
"""

import json
import math
import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from backlit.cli.options import json_option
from backlit.cli.screen import make_console, plain
from backlit.errors import ArgumentError, FileError, GraphError, ParseError, nearest
from backlit.explain import Explanation, Step, Trace, trace
from backlit.explain.numerals import format_number
from backlit.explain.walking import Walkthrough
from backlit.graph.formula import Formula, parse_formula
from backlit.graph.leaves import Input
from backlit.graph.node import Node
from backlit.interop import check_writable

__all__ = ["FormulaCommand", "explain"]

_MOST_LEAVES = 12  # explained without being named
_MOST_STEPS = 40  # shown of the way forward
_OPTION = r"-h|--[a-z][a-z-]*(?:=.*)?"
_MARKS = {".svg": b'class="bl-drawing"', ".html": b'content="backlit"'}  # by which a drawing is known
_RULE = "─" * 60


class FormulaCommand(TyperCommand):
    """A command whose argument may begin with a minus: ``backlit explain "-log(x)" --at x=2``.

    Example:
        >>> FormulaCommand(name="explain").name
        'explain'
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put a formula that looks like an option where no options are.

        Args:
            ctx: What typer knows of the call.
            args: What was typed.

        Returns:
            What is left when the options are taken.
        """
        return super().parse_args(ctx, _formula_last(args))


def _formula_last(args: list[str]) -> list[str]:
    taking = {"--at", "--of", "--draw"}
    for place, each in enumerate(args):
        if each == "--":
            break
        if each.startswith("-") and not re.fullmatch(_OPTION, each) and (not place or args[place - 1] not in taking):
            return [*args[:place], *args[place + 1 :], "--", each]
    return args


def explain(
    formula: Annotated[str, typer.Argument(metavar="FORMULA", help='Such as "sigmoid(x1\\*w1 + b)"; in quotes.')],
    at: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help='The values of the names, as in --at "x1=3, w1=2".')
    ] = None,
    of: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="What is explained: by default every name that has a value."),
    ] = None,
    draw: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the graph with its numbers: .svg, or .html to click in.")
    ] = None,
    step: Annotated[bool, typer.Option("--step", help="Step through it with the keys, both ways.")] = False,
    as_json: Annotated[bool, json_option()] = False,
) -> None:
    """Compute a formula and explain every gradient in it: local derivative times upstream gradient, path by path.

    A formula has numbers, names, + - * / ^, comparisons, and functions such as exp, log, sigmoid, relu, max. Lines, or
    parts separated by ;, name steps on the way: "z = w*x + b; y = sigmoid(z)".
    """
    read = _read(formula)
    values = _values(at or [], read)
    if draw is not None:
        _check_drawing(draw)
    run = trace(_named_result(read), values)
    names, omitted = _chosen(of or [], read)
    if draw is not None:
        run.draw(draw, name=formula)
    if step:
        _step_through(run)
        return
    told = [_explanation(run, name) for name in names]
    if as_json:
        typer.echo(json.dumps(_as_data(run, read, told, omitted), ensure_ascii=False, indent=2, allow_nan=False))
        return
    typer.echo("\n".join(_forward_lines(run)))
    for each in told:
        typer.echo(f"{_RULE}\n{each}")
    if omitted:
        typer.echo(f"{_RULE}\nand {omitted:,} more names; choose with --of NAME")
    if draw is not None:
        typer.echo(f"{_RULE}\nthe graph is drawn in {plain(draw)}")


def _step_through(run: Trace) -> None:
    """Show a run step by step, as the keys say, until they say that it is enough."""
    if not _has_keys():
        raise ArgumentError(
            "stepping needs a terminal with keys", why="what is typed comes from elsewhere", instead="leave --step out"
        )
    walk, console = Walkthrough(run), make_console()
    while True:
        console.clear()
        typer.echo(walk.screen())
        key = typer.getchar()
        if key in ("q", "\x03", "\x04", "\x1b"):
            return
        if key == "e":
            walk.edit(typer.prompt("name = value", default="", show_default=False))
        else:
            walk.press(key)


def _has_keys() -> bool:
    return sys.stdin.isatty()


def _read(text: str) -> Formula:
    try:
        formula = parse_formula(text)
    except ParseError as error:
        raise ArgumentError(error.what, why=error.why, instead=error.instead) from None
    if formula.output.dtype == "bool":
        raise ArgumentError(
            "the result of the formula is true or false",
            why="only a number has gradients",
            instead="write where(x > 0, 1, 0) in place of x > 0",
        )
    return formula


def _named_result(formula: Formula) -> Node:
    """Return the result under a name: its own, or else f, by which the derivatives are written."""
    known = {*formula.inputs, *formula.definitions}
    if isinstance(formula.output, Input) or formula.output in formula.definitions.values():
        return formula.output
    free = (name for name in ("f", "y", *(f"f{number}" for number in range(len(known)))) if name not in known)
    return formula.output.named(next(free))


def _values(given: list[str], formula: Formula) -> dict[str, float]:
    """Read the values of all inputs: ``x1=3``, or several, separated by commas."""
    values: dict[str, float] = {}
    for part in (part.strip() for text in given for part in text.split(",")):
        if not part:
            continue
        written, equals, number = (each.strip() for each in part.partition("="))
        name = unicodedata.normalize("NFKC", written)
        if not equals or not name:
            raise ArgumentError(
                f"--at {part} is no name with its value",
                instead='write --at x=3, several as --at "x=3, w=2", and decimals with a point: 3.5',
            )
        if name in formula.definitions:
            raise ArgumentError(f"{name} is computed by the formula", instead=f"leave --at {name}=... out")
        if name not in formula.inputs:
            listed = f"its names are {_listed(list(formula.inputs))}" if formula.inputs else "leave --at out"
            raise ArgumentError(f"the formula has no {name}{nearest(name, formula.inputs)}", instead=listed)
        if name in values:
            raise ArgumentError(f"{name} is given twice: {format_number(values[name])} and {number}")
        values[name] = _number(name, number)
    missing = [name for name in formula.inputs if name not in values]
    if missing:
        raise ArgumentError(
            f"no value is given for {_listed(missing)}",
            why="a formula is explained at a point",
            instead=f'add --at "{_listed([f"{name}=..." for name in missing])}"',
        )
    return {name: values[name] for name in formula.inputs}


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_LEAVES:,} more" if len(names) > _MOST_LEAVES else ""
    return ", ".join(names[:_MOST_LEAVES]) + more


def _number(name: str, text: str) -> float:
    try:
        value = float(text.replace("−", "-"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ArgumentError(
            f"the value of {name} is {text!r}, which is no finite number", instead=f"write --at {name}=3.5"
        )
    return value


def _check_drawing(path: Path) -> None:
    mark = _MARKS.get(path.suffix.lower())
    if mark is None:
        raise ArgumentError(
            f"{path} does not end in .svg or .html",
            instead="write --draw formula.svg for a picture, --draw formula.html for a page to step through and edit",
        )
    check_writable(path)
    if path.exists() and mark not in path.read_bytes()[:300]:
        raise FileError(
            f"{path} exists, and is no drawing of backlit",
            why="it is not replaced, since it may be something of yours",
            instead="choose another file for --draw",
        )


def _chosen(given: list[str], formula: Formula) -> tuple[list[str], int]:
    """Return the names to be explained, and how many others were not named and are too many."""
    names = [part.strip() for text in given for part in text.split(",") if part.strip()]
    if names:
        return list(dict.fromkeys(unicodedata.normalize("NFKC", name) for name in names)), 0
    return list(formula.inputs)[:_MOST_LEAVES], max(0, len(formula.inputs) - _MOST_LEAVES)


def _explanation(run: Trace, name: str) -> Explanation:
    try:
        return run.explain(name)
    except GraphError as error:
        raise ArgumentError(error.what, why=error.why, instead=error.instead) from None


def _forward(run: Trace) -> Iterator[Step]:
    """Tell the steps on the way from the values to the result."""
    steps = run.steps
    return (steps[place] for place, (phase, _) in enumerate(steps.nodes) if phase == "forward")


def _forward_lines(run: Trace) -> list[str]:
    """Write the way to the result, one step a line; of a long one its beginning and its end."""
    lines = []
    for step in _forward(run):
        value = format_number(step.value) if isinstance(step.value, float) else ""
        parts = dict.fromkeys((step.name, step.formula, step.numbers, value))  # what says the same is said once
        lines.append(" = ".join(part for part in parts if part))
    if len(lines) > _MOST_STEPS:
        half = _MOST_STEPS // 2
        lines[half:-half] = [f"... {len(lines) - 2 * half:,} more steps ..."]
    return lines or [f"{run.name(run.loss)} = {format_number(float(run.whole(run.loss)))}"]


def _as_data(run: Trace, formula: Formula, told: list[Explanation], omitted: int) -> dict[str, Any]:
    result = {"name": run.name(run.loss), "value": float(run.whole(run.loss))}
    data = {
        "formula": formula.text,
        "values": {name: float(run.whole(node)) for name, node in formula.inputs.items()},
        "result": result,
        "forward": [
            {"name": step.name, "formula": step.formula, "numbers": step.numbers, "value": step.value}
            for step in _forward(run)
        ],
        "explanations": [each.as_json() for each in told],
        "omitted": omitted,
    }
    return _finite(data)  # type: ignore[no-any-return]


def _finite(value: Any) -> Any:
    """Write what JSON has no number for as text: nan, inf, -inf."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
