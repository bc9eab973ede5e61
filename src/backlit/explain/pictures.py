"""Pictures: graphs and traces as SVG, as a page to click in, and as text; in a file, or in a notebook.

A picture of a graph shows what is computed from what; that of a trace also the numbers: values, gradients, and at each
edge between single numbers the local derivative.
"""

import html
import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np

from backlit.autodiff.reverse import Edge
from backlit.errors import ArgumentError, BacklitError
from backlit.explain.drawing.assembling import diagram_of
from backlit.explain.drawing.diagram import Diagram
from backlit.explain.numerals import SHORT, format_number
from backlit.explain.page.page import page_of
from backlit.explain.page.program import program_of
from backlit.explain.recording import Recording
from backlit.explain.render.outline import to_text
from backlit.explain.render.svg import to_svg
from backlit.explain.showing import check_file
from backlit.graph.graph import Graph
from backlit.graph.node import Application, Node
from backlit.interop.atomic import write_atomically
from backlit.nn.configuration import summary_of
from backlit.nn.module import Module

__all__ = ["Picture", "draw", "notebook_page", "trace_page"]

Open = Literal["fit", "all"] | Collection[str]

Drawable = Node | Graph | Module | Recording


@dataclass(frozen=True)
class Picture:
    """A picture that shows itself: as SVG in a notebook, as text where it is printed.

    Args:
        diagram: What is drawn.
        open: Which boxes are open.

    Example:
        >>> import backlit as bl
        >>> print(bl.draw((bl.input("x") + bl.input("y")).named("s")))
        x ─┬─(+) s
        y ─┘
        <BLANKLINE>
        x: input
        y: input
        s = x + y (output)
    """

    diagram: Diagram
    open: Open = "fit"

    @property
    def svg(self) -> str:
        """The picture as SVG."""
        return to_svg(self.diagram, open=self.open)

    def __str__(self) -> str:
        return to_text(self.diagram, open=self.open)

    def _repr_svg_(self) -> str:
        return self.svg


def draw(
    thing: Drawable,
    path: str | os.PathLike[str] | None = None,
    *,
    open: Open = "fit",
    name: str = "",
) -> Picture:
    """Draw a node with all it is computed from, a graph, a model, or a trace with its numbers.

    A model is drawn for one example, of the shape its first layer takes.

    Args:
        thing: What is drawn.
        path: A file to write: ``.svg``, ``.txt``, or ``.html`` for a trace, a page in which it can be stepped through
            and edited, and which needs no network. None to write none.
        open: The ids of the boxes that are open; ``"all"``; or ``"fit"``, as many as keep the picture readable.
        name: What is drawn, in words.

    Returns:
        The picture, which shows itself in a notebook.

    Raises:
        ArgumentError: If it is nothing that can be drawn, or the file is of another kind; or for a model that does not
            tell what its input is.
        UnknownNameError: If there is no such box.
        FileError: If the file cannot be written.

    Example:
        >>> import backlit as bl
        >>> run = bl.trace((bl.input("x") * bl.parameter(4.0, name="w")).named("f"), {"x": 3.0})
        >>> "<svg" in draw(run).svg
        True
    """
    kind = "" if path is None else check_file(path, ".svg", ".html", ".txt")
    run = _with_numbers(thing) if kind == ".html" else None
    if isinstance(thing, Module):
        diagram = _of_model(thing, name)
    elif isinstance(thing, Recording):
        diagram = _traced(thing, name)
    elif isinstance(thing, (Node, Graph)):
        diagram = diagram_of(_graph(thing), name=name)
    else:
        raise ArgumentError(f"{thing!r} cannot be drawn", why="pictures are of nodes, graphs, models and traces")
    diagram.opening(open)  # a box that does not exist is told now, and not when the picture is looked at
    picture = Picture(diagram, open)
    if path is not None:
        text = _page(run, diagram) if run is not None else picture.svg if kind == ".svg" else f"{picture}\n"
        write_atomically(path, text.encode())
    return picture


def _graph(thing: Node | Graph) -> Graph:
    return Graph(outputs=[thing]) if isinstance(thing, Node) else thing


def _of_model(model: Module, name: str) -> Diagram:
    """Lay out what a model computes; its parameters keep the names they have."""
    x = next((x for part in model.modules().values() if (x := part.example_input()) is not None), None)
    write = 'give it one: bl.draw(model(bl.input("x", shape=...)))'
    if x is None:
        raise ArgumentError(f"{summary_of(model)} cannot be drawn without an input", why="any may fit", instead=write)
    parameters = [*model.parameters().values(), *model.state().values()]
    names = [parameter.name for parameter in parameters]
    try:
        return diagram_of(Graph(outputs=[model(x)]), name=name)
    except (BacklitError, TypeError) as error:
        raise ArgumentError(
            f"{summary_of(model)} cannot be drawn for an input of shape {list(x.shape)}, which one of its parts takes",
            why=str(error).splitlines()[0],
            instead=write,
        ) from error
    finally:
        for parameter, own in zip(parameters, names, strict=True):
            parameter.name = own


def trace_page(thing: Drawable, name: str = "") -> str:
    """Write a trace as a page to click in.

    Args:
        thing: The trace.
        name: The heading.

    Returns:
        The text of an HTML file.

    Raises:
        ArgumentError: If it is something without numbers.

    Example:
        >>> import backlit as bl
        >>> trace_page(bl.trace((bl.parameter(4.0, name="w") * 2.0).named("f")))[:15]
        '<!DOCTYPE html>'
    """
    run = _with_numbers(thing)
    return _page(run, diagram_of(Graph(outputs=[run.loss]), labels=run.labels, name=name))


def _with_numbers(thing: object) -> Recording:
    if isinstance(thing, Recording):
        return thing
    raise ArgumentError(
        "a page needs numbers to compute with, and only a trace has them",
        instead='trace it first: bl.trace(loss, {"x": ...}).draw("page.html")',
    )


def _page(run: Recording, diagram: Diagram) -> str:
    """Write the page of a run for a diagram of its forward pass; of what is written there the page takes the signs."""
    return page_of(diagram, program_of(run.graph, run.loss, run.walk, run.known, run.labels), title=diagram.name)


def notebook_page(run: Recording) -> str:
    """Write the page of a trace so that a notebook shows it, with its scripts, in a frame of its own.

    Args:
        run: The trace.

    Returns:
        An element of HTML.

    Example:
        >>> import backlit as bl
        >>> notebook_page(bl.trace((bl.parameter(4.0, name="w") * 2.0).named("f")))[:15]
        '<iframe srcdoc='
    """
    return f'<iframe srcdoc="{html.escape(trace_page(run))}" style="width:100%;height:560px;border:0"></iframe>'


def _traced(run: Recording, name: str) -> Diagram:
    """Lay out the forward pass of a run, with its numbers."""
    reached = run.walk.gradients
    texts, strengths = _edges(run)
    return diagram_of(
        Graph(outputs=[run.loss]),
        values={node: run.whole(node) for node in run.forward},
        gradients={node: run.slope(node) for node in run.forward if node in reached},
        new_values={parameter: run.whole(new) for parameter, new in run.updates.items()},
        edge_texts=texts,
        strengths=strengths,
        labels=run.labels,
        name=name,
    )


def _edges(run: Recording) -> tuple[dict[tuple[Node, int], str], dict[tuple[Node, int], float]]:
    """Return the local derivatives between single numbers, and how much flows back along each edge."""
    edges = [
        Edge(node, position)
        for node in run.forward
        if isinstance(node, Application) and not node.shape
        for position, argument in enumerate(node.arguments)
        if not argument.shape
    ]
    locals_ = run.locals(edge for edge in edges if edge in run.walk.contributions)
    back = run.compute(*(run.walk.contributions[edge] for edge in locals_))
    texts: dict[tuple[Node, int], str] = {}
    # Along some of them nothing flows back.
    flows: dict[tuple[Node, int], float] = {(edge.consumer, edge.position): 0.0 for edge in edges}
    for (edge, local), flow in zip(locals_.items(), back, strict=True):
        texts[edge.consumer, edge.position] = format_number(local.item(), SHORT)
        flows[edge.consumer, edge.position] = abs(flow.item())
    largest = max((flow for flow in flows.values() if np.isfinite(flow)), default=0.0)
    strengths = {edge: min(1.0, flow / largest) for edge, flow in flows.items() if largest and np.isfinite(flow)}
    return texts, strengths
