"""The printed form of a graph: typed, readable, and read back by ``parser.py``.

    graph(x1: float32[], x2: float32[])
      θ1: float32[] = parameter(4.0)
      f1: float32[] = multiply(x1, θ1) in neuron
      %1: float32[] = exp(f1)
      return %1
      update θ1 <- %2

One line a node, in order of execution. ``%1``, ``%2`` are nodes without a name. What stands after ``in`` is the scope;
``softmax#2`` is the second call of softmax there. Values of more than ``INLINE`` elements are written ``...`` and
handed to the parser beside the text. This module formats nodes and knows no graph, so that a graph can print itself.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from backlit.graph.leaves import Constant, Parameter
from backlit.graph.node import Application, Array, Node
from backlit.graph.scope import Scope

__all__ = ["BARE_NAME", "INLINE", "format_name", "format_node", "format_value", "scope_labels"]

INLINE = 16
"""The largest number of elements whose values are printed."""

BARE_NAME = re.compile(r'[^\s"(),:=#<%\[\]]+')
"""A name that needs no quotation marks."""


def format_name(label: str) -> str:
    """Write a label, in quotation marks where it holds a character that has a meaning in the text.

    Args:
        label: The label of a node.

    Returns:
        The text.

    Example:
        >>> print(format_name("layer1.z"), format_name("my node"))
        layer1.z "my node"
    """
    if BARE_NAME.fullmatch(label) or re.fullmatch(r"%\d+", label):
        return label
    return json.dumps(label, ensure_ascii=False)


def format_value(value: Array) -> str:
    """Write an array so that reading it back gives the same bits, or ``...`` where it is long.

    Args:
        value: Any array.

    Returns:
        The text.

    Example:
        >>> format_value(np.array([0.1, np.inf], dtype=np.float32)), format_value(np.zeros(100))
        ('[0.1, Infinity]', '...')
    """
    if value.size > INLINE or (value.size == 0 and value.ndim != 1):
        return "..."
    return _nested(value)


def _nested(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        return "[" + ", ".join(_nested(part) for part in value) + "]"
    if value.dtype == np.bool_:
        return "true" if value else "false"
    if value.dtype.kind != "f":
        return str(int(value))
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return str(np.asarray(value)[()])


def scope_labels(scopes: list[Scope]) -> dict[Scope, str]:
    """Name scopes so that each has a text of its own: calls of the same composite are numbered as they were made.

    Args:
        scopes: The scopes of a graph, outer before inner.

    Returns:
        The text of each.

    Example:
        >>> scope_labels([Scope("softmax", None, 7), Scope("softmax", None, 9)]).values()
        dict_values(['softmax#1', 'softmax#2'])
    """
    made: Counter[tuple[Scope | None, str]] = Counter()
    number: dict[Scope, int] = {}
    for box in sorted((box for box in scopes if box.call), key=lambda box: box.call):
        made[box.parent, box.name] += 1
        number[box] = made[box.parent, box.name]
    labels: dict[Scope, str] = {}
    for box in scopes:
        outer = f"{labels[box.parent]}." if box.parent else ""
        call = f"#{number[box]}" if box.call else ""
        labels[box] = outer + format_name(box.name) + call
    return labels


def format_node(node: Node, labels: Mapping[Node, str], scopes: Mapping[Scope, str]) -> str:
    """Write one node as a line: name, spec, what it is, and the scope it stands in.

    Args:
        node: Any node but an input.
        labels: The label of every node.
        scopes: The text of every scope.

    Returns:
        The line.

    Example:
        >>> import backlit as bl
        >>> w = bl.parameter(4.0, name="w")
        >>> format_node(w, {w: "w"}, {})
        'w: float32[] = parameter(4.0)'
    """
    head = f"{format_name(labels[node])}: {node.spec} = "
    if isinstance(node, Constant):
        return f"{head}constant({format_value(node.value)})"
    if isinstance(node, Parameter):
        frozen = "" if node.trainable else ", trainable=false"
        return f"{head}parameter({format_value(node.value)}{frozen})"
    parts = [format_name(labels[argument]) for argument in node.arguments]
    parts += [f"{key}={json.dumps(value)}" for key, value in node.attributes.items()]
    box = f" in {scopes[node.scope]}" if isinstance(node, Application) and node.scope else ""
    return f"{head}{node.kind}({', '.join(parts)}){box}"
