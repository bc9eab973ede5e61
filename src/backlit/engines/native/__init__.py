"""The native engine: a whole graph, forward, backward and update, compiled to one function of machine code.

Its modules follow the stages: ``rewriting`` → ``storage``, ``schedule`` and ``ordering`` (which nodes make up a kernel,
and when it runs) → ``partition`` (which thread does what) → ``plan`` and ``memory`` (where everything lies) →
``emission`` (LLVM's intermediate representation) → ``jit``, ``cache``, ``workers`` and ``program`` (run it). They load
when the first program is compiled, so that ``import backlit`` stays quick.
"""

import importlib

from backlit.engines.engine import Program
from backlit.graph.graph import Graph

__all__ = ["NativeEngine"]


class NativeEngine:
    """The engine that compiles a graph to machine code with LLVM, and runs it on the cores there are.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x", shape=(3,), dtype="float64")
        >>> program = bl.compile(x, bl.tanh(x) * 2.0, engine="native")
        >>> program([0.0, 1.0, -1.0]).round(4).tolist()
        [0.0, 1.5232, -1.5232]
    """

    name = "native"

    def compile(self, graph: Graph, *, single: bool) -> Program:
        """Turn a graph into a program.

        Args:
            graph: What is to run.
            single: Whether the program answers with its only output itself instead of a list.

        Returns:
            The program.
        """
        program: Program = importlib.import_module("backlit.engines.native.program").NativeProgram(graph, single=single)
        return program
