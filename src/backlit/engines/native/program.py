"""The native engine's program: a graph made one function of machine code.

Calling it binds the inputs, runs that function, and hands out the outputs. Small inputs are copied to a place of their
own, which is quicker than asking for their address; large ones are read where they are. The arrays of parameters are
the user's own: the function reads and writes them in place.
"""

import copy
import functools
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from backlit.engines.binding import bind, bind_epoch, count_error, looks_into
from backlit.engines.engine import epoch_by_steps, in_step, locate, range_error
from backlit.engines.native.arrays import OutputPool, address_of, aligned_bytes, room_for
from backlit.engines.native.clock import reading_ticks, ticks_per_second
from backlit.engines.native.cost import CostReport, cost_report
from backlit.engines.native.emission import STEP, emit_program, readings
from backlit.engines.native.epochs import EpochRunner
from backlit.engines.native.jit import Code, assembly, cached_code, compile_module
from backlit.engines.native.kernels import CHECKED
from backlit.engines.native.places import ARENA, BARRIER, CLOCK, FAULT, FIRST_SLOT, PRIVATE
from backlit.engines.native.plan import Plan, make_plan
from backlit.engines.native.profile import ProfileReport, profile_report, restored
from backlit.engines.native.recipe import Recipe, find_recipe, graph_key, keep_recipe, recipe_of, slot_nodes
from backlit.engines.native.report import ScheduleReport, schedule_report
from backlit.engines.native.rewriting import rewrite_for_native
from backlit.engines.native.singles import checked_size
from backlit.engines.native.synchronisation import barrier_bytes
from backlit.engines.native.target import host_target
from backlit.engines.native.workers import POOL, available_threads, step_function
from backlit.errors import ArgumentError, IndexRangeError
from backlit.graph.graph import Graph
from backlit.graph.leaves import Constant, Input, Parameter
from backlit.graph.node import Array, Node

__all__ = ["NativeProgram"]

_SMALL = 16_384
"""Up to this many bytes, copying an array is quicker than asking NumPy for its address."""


class Maker(NamedTuple):
    """What makes room for an output before a run, where it needs any, and what hands it out after it."""

    before: Callable[[], None] | None
    hand: Callable[[], Any]


class NativeProgram:
    """A graph as one native function.

    Args:
        graph: What to run.
        single: Whether to answer with the only output itself instead of a list.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x", shape=(2,))
        >>> program = NativeProgram(Graph(outputs=[bl.exp(x)]), single=True)
        >>> [f"{y:.4f}" for y in program([0.0, 1.0])]
        ['1.0000', '2.7183']
    """

    def __init__(self, graph: Graph, *, single: bool) -> None:
        self.graph = graph
        self._single = single
        self._threads_allowed = available_threads()
        self._lock = threading.Lock()
        recipe, self._code = self._load() or self._compile()
        self._prepare(recipe)

    # ------------------------------------------------------------------------------------------------------- compiling

    def _load(self) -> tuple[Recipe, Code] | None:
        """Find the program in the cache."""
        self._key = graph_key(self.graph, host_target(), self._threads_allowed)
        recipe = find_recipe(self._key, self.graph)
        code = cached_code(recipe.code, [STEP]) if recipe else None
        self._planned = self.graph
        return (recipe, code) if recipe and code else None

    def _compile(self) -> tuple[Recipe, Code]:
        code = compile_module(self.ir, self.plan.target, [STEP])
        recipe = recipe_of(self.plan, self.graph, code.key)
        if recipe:
            keep_recipe(self._key, recipe)
            return recipe, code
        self._planned = self.plan.graph
        made = recipe_of(self.plan, self._planned, code.key)
        assert made is not None, "a plan knows every leaf of its own graph"
        return made, code

    @functools.cached_property
    def plan(self) -> Plan:
        """What is decided before code is written."""
        rewritten, self._applied = rewrite_for_native(self.graph)
        return make_plan(rewritten, host_target(), self._threads_allowed)

    @functools.cached_property
    def ir(self) -> str:
        """The program as LLVM's intermediate representation."""
        return emit_program(self.plan)

    @functools.cached_property
    def schedule(self) -> ScheduleReport:
        """What runs, in order: which nodes make up a kernel and why, which thread does what, where every value lies."""
        return schedule_report(self.plan, self._applied)

    @property
    def assembly(self) -> str:
        """The program in the machine's own language."""
        return assembly(self.ir, self.plan.target)

    def cost(self) -> CostReport:
        """Count operations, bytes and memory, and the least time that this machine needs.

        Returns:
            The cost of each kernel, and of all.

        Example:
            >>> import backlit as bl
            >>> x = bl.input("x", shape=(8, 16))
            >>> bl.compile(x, x @ bl.parameter(np.ones((16, 4), "float32")), engine="native").cost().operations
            1024
        """
        return cost_report(self.plan)

    def profile(self, *values: npt.ArrayLike, rounds: int = 50) -> ProfileReport:
        """Measure how long each kernel takes; parameters are what they were afterwards.

        Args:
            *values: A value for each input, in order.
            rounds: How many runs to take the median of; a tenth as many go before.

        Returns:
            The time of each kernel, and of the whole step.

        Raises:
            ArgumentError: If there are no rounds.
            BindingError: If the values do not fit.

        Example:
            >>> import backlit as bl
            >>> x = bl.input("x", shape=(3,))
            >>> program = bl.compile(x, bl.exp(x), engine="native")
            >>> [kernel.name for kernel in program.profile([0.0, 1.0, 2.0], rounds=3).kernels]
            ['exp']
        """
        if rounds < 1:
            raise ArgumentError(f"a profile is the median of at least one round; received rounds={rounds!r}")
        table = aligned_bytes(8 * readings(self.plan) * self.plan.threads).view(np.uint64)
        timed = self._timed()
        timed._context[CLOCK] = table.ctypes.data
        taken = []
        with restored(self.graph.updates):
            for number in range(-(rounds // 10) - 1, rounds):
                timed(*values)
                if number >= 0:
                    taken.append(table.reshape(self.plan.threads, -1)[:, : 1 + 2 * len(self.plan.kernels)].copy())
        return profile_report(self.cost(), np.array(taken), ticks_per_second(), reading_ticks(), self.plan.barriers)

    def _timed(self) -> "NativeProgram":
        """Return this program with a clock in it, and memory of its own."""
        timed = copy.copy(self)
        timed._lock = threading.Lock()
        timed._code = compile_module(emit_program(self.plan, clock=True), self.plan.target, [STEP])
        timed._planned = self.plan.graph
        recipe = recipe_of(self.plan, timed._planned, timed._code.key)
        assert recipe is not None, "a plan knows every leaf of its own graph"
        timed._prepare(recipe)
        return timed

    # ------------------------------------------------------------------------------------------------------- preparing

    def _prepare(self, recipe: Recipe) -> None:
        """Fill the context: the table of addresses that the native function is given."""
        self._threads = recipe.threads
        memory = [recipe.arena_bytes, recipe.private_bytes * recipe.threads, barrier_bytes(recipe.threads)]
        blocks = [aligned_bytes(size) for size in memory]
        self._context = np.zeros(FIRST_SLOT + len(recipe.slots), dtype=np.uint64)
        for entry, block in zip((ARENA, PRIVATE, BARRIER), blocks, strict=True):
            self._context[entry] = block.ctypes.data
        self._held: list[Array] = blocks
        entries: dict[Node, int] = {}
        for entry, node in enumerate(slot_nodes(recipe, self._planned), FIRST_SLOT):
            if node is not None:
                entries[node] = entry
            if isinstance(node, (Constant, Parameter)):
                self._held.append(node.value)
                self._context[entry] = node.value.ctypes.data
        self._written = {id(parameter.value) for parameter in self.graph.updates}
        self._entries = [entries[node] for node in self._planned.inputs]
        self._readers = [self._reader(*pair) for pair in zip(self._planned.inputs, self._entries, strict=True)]
        self._slots = recipe.outputs
        outputs = zip(self._slots, self.graph.outputs, strict=True)
        self._kinds = {slot: (node.shape, node.dtype) for slot, node in outputs}
        self._makers: dict[int, Maker] = {}
        for node, slot in zip(self.graph.outputs, recipe.outputs, strict=True):
            if slot >= 0 and slot not in self._makers:
                self._makers[slot] = self._maker(node, FIRST_SLOT + slot)
        self._before = [maker.before for maker in self._makers.values() if maker.before]
        self._hands = [(slot, maker.hand) for slot, maker in self._makers.items()]
        self._plain = self._slots == tuple(self._makers)  # each output once, and none of them a leaf
        self._borrowed: list[Array] = []
        self._address = self._context.ctypes.data
        self._step = self._code.address(STEP)
        self._run_alone = step_function(self._step)
        self._epochs: EpochRunner | None = None

    def _reader(self, node: Input, entry: int) -> Callable[[Any], None]:
        """Return what binds a value to an input."""
        shape, dtype, context = node.shape, np.dtype(node.dtype), self._context
        if node.size * dtype.itemsize <= _SMALL:
            place = self._own_place(node, entry)
            copy = np.copyto

            def read(value: Any) -> None:
                if type(value) is np.ndarray and value.dtype is dtype and value.shape == shape:
                    copy(place, value)
                else:
                    copy(place, bind(node, value))

            return read

        def point(value: Any) -> None:
            fits = type(value) is np.ndarray and value.dtype is dtype and value.shape == shape
            array = self._readable(value if fits else bind(node, value))
            self._borrowed.append(array)
            context[entry] = address_of(array)

        return point

    def _readable(self, array: Array) -> Array:
        """Return an array that native code can read while parameters change: itself, or a copy."""
        flags = array.flags
        if flags.c_contiguous and flags.aligned and not looks_into(array, self._written):
            return array
        return np.array(array, order="C")

    def _own_place(self, node: Node, entry: int) -> Array:
        """Return an array of the program's own for a small input or output."""
        dtype = np.dtype(node.dtype)
        size = node.size * dtype.itemsize
        place = aligned_bytes(max(1, size))[:size].view(dtype).reshape(node.shape)
        self._context[entry] = place.ctypes.data
        self._held.append(place)
        return place

    def _maker(self, node: Node, entry: int) -> Maker:
        """Return what makes room for an output, and what hands it out."""
        dtype = np.dtype(node.dtype)
        if node.size * dtype.itemsize <= _SMALL:
            place = self._own_place(node, entry)
            return Maker(None, place.copy if node.shape else lambda: place[()])
        pool = OutputPool(node.shape, node.dtype)

        def before() -> None:
            self._context[entry] = pool.prepare()

        return Maker(before, pool.hand)

    # --------------------------------------------------------------------------------------------------------- running

    def __call__(self, *values: npt.ArrayLike) -> Any:
        """Compute the outputs, then write the updates into their parameters.

        Args:
            *values: A value for each input, in order.

        Returns:
            The output, or a list of outputs.

        Raises:
            BindingError: If the number, shape or data type of the values does not fit.
            IndexRangeError: If a label or index is out of range; nothing has changed then.
        """
        if len(values) != len(self._readers):
            raise count_error(self.graph.inputs, len(values))
        with self._lock:
            self._borrowed.clear()
            for read, value in zip(self._readers, values, strict=True):
                read(value)
            for before in self._before:
                before()
            leaves = [] if self._plain else self._leaf_outputs(values)
            if self._threads == 1:
                status = self._run_alone(self._address, 0)
            else:
                status = POOL.run(self._step, self._address, self._threads)
            if status:
                raise self._refusal(status)
            if self._plain:
                results = [hand() for _, hand in self._hands]
            else:
                hands = {slot: hand() for slot, hand in self._hands}
                results = [hands[slot] if slot >= 0 else leaves.pop(0) for slot in self._slots]
        return results[0] if self._single else results

    def epoch(self, *values: npt.ArrayLike) -> Any:
        """Run the graph once for each slice along the first axis of the values, one after another, without Python.

        An interrupt (Ctrl-C) ends it between two steps.

        Args:
            *values: For each input, as many values as there are steps, in one array: of shape (steps, …).

        Returns:
            The outputs of all steps in one array each, of shape (steps, …).

        Raises:
            BindingError: If the number, shape or data type of the values does not fit; nothing has been run then.
            IndexRangeError: If a label or index is out of range; the steps before have been done then.

        Example:
            >>> import backlit as bl
            >>> x, total = bl.input("x"), bl.parameter(0.0)
            >>> program = bl.compile([x], total + x, updates={total: total + x}, engine="native")
            >>> program.epoch([1.0, 2.0, 3.0])
            array([1., 3., 6.], dtype=float32)
        """
        arrays = [self._readable(array) for array in bind_epoch(self.graph.inputs, values)]
        if -1 in self._slots:
            return epoch_by_steps(self, arrays)
        steps = len(arrays[0])
        made = {slot: room_for((steps, *shape), dtype) for slot, (shape, dtype) in self._kinds.items()}
        moving = [*arrays, *made.values()]
        with self._lock:
            if self._epochs is None:
                entries = [*self._entries, *(FIRST_SLOT + slot for slot in made)]
                strides = {entry: array.nbytes // steps for entry, array in zip(entries, moving, strict=True)}
                self._epochs = EpochRunner(self._context, self._step, self._threads, strides)
            status, done = self._epochs.run(map(address_of, moving), steps)
        if status:
            raise in_step(self._refusal(status), done)
        results = [made[slot] for slot in self._slots]
        return results[0] if self._single else results

    def _leaf_outputs(self, values: tuple[npt.ArrayLike, ...]) -> list[Any]:
        """Copy the outputs that are leaves, before any of them is updated."""
        if -1 not in self._slots:
            return []
        given = dict(zip(self.graph.inputs, values, strict=True))
        found = []
        for node, slot in zip(self.graph.outputs, self._slots, strict=True):
            if slot < 0:
                value = bind(node, given[node]) if isinstance(node, Input) else node.value  # type: ignore[attr-defined]
                found.append(np.array(value)[()])
        return found

    def _refusal(self, status: int) -> IndexRangeError:
        node = self.plan.kernels[status - 1].roots[0]
        integers = node.arguments[CHECKED[node.op.name]]
        value = self._context[FAULT : FAULT + 1].view("uint64" if integers.dtype == "uint64" else "int64").item()
        return locate(range_error(node.op.name, value, checked_size(node)), node, self.plan.graph.labels)

    def __repr__(self) -> str:
        return f"<native program of {self.graph!r}>"
