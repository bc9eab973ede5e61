"""The native engine: a graph made one function of machine code.

Calling a program binds its inputs, runs that function, and hands out the outputs. Arrays of parameters are the user's
own: the function reads and writes them where they are.
"""

import ctypes
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from backlit.engines.engine import bind
from backlit.engines.native.emission import STEP, emit_program
from backlit.engines.native.jit import compile_module
from backlit.engines.native.places import ARENA, BARRIER, FAULT, FIRST_SLOT, PRIVATE
from backlit.engines.native.plan import make_plan
from backlit.engines.native.singles import checked_size
from backlit.engines.native.synchronisation import barrier_bytes
from backlit.engines.native.target import host_target
from backlit.engines.native.workers import POOL, available_threads, run_alone
from backlit.errors import BindingError, IndexRangeError
from backlit.graph.graph import Graph
from backlit.graph.leaves import Constant, Input, Parameter
from backlit.graph.node import Application, Array
from backlit.graph.rewrite import share, simplify

__all__ = ["NativeProgram"]


def aligned_bytes(size: int) -> Array:
    """Return zeroed memory that begins at a cache line."""
    block = np.zeros(size + 128, dtype=np.uint8)
    start = -block.ctypes.data % 128
    return block[start : start + size]


class NativeProgram:
    """A graph as one native function.

    Args:
        graph: What to run.
        single: Whether to answer with the only output itself instead of a list.
    """

    def __init__(self, graph: Graph, *, single: bool) -> None:
        self.graph = graph
        self._single = single
        self._plan = make_plan(share(simplify(graph)), host_target(), available_threads())
        self.ir = emit_program(self._plan)
        self._code = compile_module(self.ir, self._plan.target, [STEP])
        self._lock = threading.Lock()
        self._prepare()

    def _prepare(self) -> None:
        plan = self._plan
        self._arena = aligned_bytes(plan.arena_bytes)
        self._private = aligned_bytes(plan.private_bytes * plan.threads)
        self._context = np.zeros(FIRST_SLOT + len(plan.slots), dtype=np.uint64)
        self._context[ARENA] = self._arena.ctypes.data
        self._context[PRIVATE] = self._private.ctypes.data
        self._flags = aligned_bytes(barrier_bytes(plan.threads))
        self._context[BARRIER] = self._flags.ctypes.data
        self._held: dict[int, Array] = {}
        for number, node in enumerate(plan.slots, FIRST_SLOT):
            if isinstance(node, (Constant, Parameter)):
                array = np.ascontiguousarray(node.value)
                self._held[number] = array
                self._context[number] = array.ctypes.data
        places = plan.places
        self._inputs = [(node, places[node].position) for node in plan.graph.inputs]
        self._results = [
            (node, places[node].position if isinstance(node, Application) else -1) for node in plan.graph.outputs
        ]
        self._step = self._code.address(STEP)
        self._address = self._context.ctypes.data

    def __call__(self, *values: npt.ArrayLike) -> Any:
        """Compute the outputs, then write the updates into their parameters."""
        if len(values) != len(self._inputs):
            names = ", ".join(node.name or "" for node, _ in self._inputs)
            raise BindingError(
                f"the program takes {len(self._inputs)} values ({names}); received {len(values)}",
                instead=f"call it as program({names})",
            )
        bound = [np.ascontiguousarray(bind(node, v)) for (node, _), v in zip(self._inputs, values, strict=True)]
        context = self._context
        for (_, slot), array in zip(self._inputs, bound, strict=True):
            context[slot] = array.ctypes.data
        outputs: dict[int, Array] = {}
        results = []
        given = dict(zip(self._plan.graph.inputs, bound, strict=True))
        for node, slot in self._results:
            if slot < 0:
                leaf = given[node] if isinstance(node, Input) else node.value  # type: ignore[attr-defined]
                results.append(np.array(leaf))
                continue
            if slot not in outputs:
                outputs[slot] = np.empty(node.shape, dtype=node.dtype)
                context[slot] = outputs[slot].ctypes.data
            results.append(outputs[slot])
        threads = self._plan.threads
        if threads == 1:
            status = run_alone(self._step, self._address)
        else:
            status = POOL.run(self._step, self._address, threads)
        if status:
            self._refuse(status)
        results = [one[()] for one in results]
        return results[0] if self._single else results

    def _refuse(self, status: int) -> None:
        node = self._plan.kernels[status - 1].roots[0]
        size, value = checked_size(node), ctypes.c_int64(int(self._context[FAULT])).value
        what = "label" if node.op.name == "one_hot" else "index"
        raise IndexRangeError(f"{what} {value} is out of range", why=f"there are {size}")
