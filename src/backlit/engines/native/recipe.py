"""The recipe: all that is needed to run a program whose code is in the cache, without planning it again.

It is found by the graph itself: its ops, shapes, attributes and constants, and how its outputs and updates hang
together. Names do not matter, for they change nothing of what is computed; nor do the values of parameters.
"""

import dataclasses
import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path

from backlit.engines.native import cache
from backlit.engines.native.plan import Plan
from backlit.engines.native.target import Target
from backlit.engines.native.workers import MOST_THREADS
from backlit.graph.graph import Graph
from backlit.graph.leaves import Constant, Input, Parameter
from backlit.graph.node import Application, Node
from backlit.graph.spec import Spec

__all__ = ["Recipe", "find_recipe", "graph_key", "keep_recipe", "recipe_of", "slot_nodes"]

_KEY = re.compile(r"[0-9a-f]{64}")
_MOST_BYTES = 1 << 40  # a program with a larger arena would be planned anew each time


@dataclass(frozen=True)
class Recipe:
    """How a program is run.

    Args:
        code: The key under which its code is kept.
        threads: How many threads run it.
        arena_bytes: The arena that they share.
        private_bytes: The arena that each has for itself.
        slots: For each entry of the context, the number of its leaf in the graph; -1 for an output.
        outputs: For each output, its place among the slots; -1 for a leaf.
    """

    code: str
    threads: int
    arena_bytes: int
    private_bytes: int
    slots: tuple[int, ...]
    outputs: tuple[int, ...]


def recipe_of(plan: Plan, graph: Graph, code: str) -> Recipe | None:
    """Write the recipe of a plan.

    Args:
        plan: The plan.
        graph: The graph that was asked for.
        code: The key of the code.

    Returns:
        The recipe; None where the plan has an array that the graph does not have.
    """
    numbers: dict[Node, int] = {node: number for number, node in enumerate(_leaves(graph))}
    if any(node not in numbers for node in plan.slots if not isinstance(node, Application)):
        return None
    slots = tuple(-1 if isinstance(node, Application) else numbers[node] for node in plan.slots)
    found = tuple(plan.slots.index(one) if isinstance(one, Application) else -1 for one in plan.graph.outputs)
    return Recipe(code, plan.threads, plan.arena_bytes, plan.private_bytes, slots, found)


def slot_nodes(recipe: Recipe, graph: Graph) -> list[Node | None]:
    """Return the leaf in each slot, None where an output is."""
    leaves = _leaves(graph)
    return [leaves[number] if number >= 0 else None for number in recipe.slots]


def _leaves(graph: Graph) -> list[Node]:
    found = [node for node in graph.nodes if isinstance(node, (Parameter, Constant))]
    return list(dict.fromkeys([*graph.inputs, *found, *graph.updates]))


def graph_key(graph: Graph, target: Target, threads: int) -> str:
    """Return the name under which a graph's recipe is kept.

    Args:
        graph: What is to run.
        target: The machine.
        threads: How many threads may run it.

    Returns:
        A hash of everything that decides what is compiled.
    """
    numbers: dict[Node, int] = {}
    lines: list[str] = [f"{threads} {_sources()}"]
    for node in (*graph.inputs, *graph.nodes, *graph.updates):
        if node in numbers:
            continue
        numbers[node] = len(numbers)
        if isinstance(node, Application):
            arguments = ",".join(str(numbers[a]) for a in node.arguments)
            settings = sorted(node.attributes.items()) if node.attributes else ""
            lines.append(f"{node.op.name}({arguments}){settings}{node.spec}{'!' if node.name else ''}")
        elif isinstance(node, Constant):
            lines.append(f"={node.spec}{node.value.tobytes().hex()}")
        else:
            lines.append(f"{'input' if isinstance(node, Input) else 'parameter'}{node.spec}")
    lines.append(",".join(str(numbers[node]) for node in graph.inputs))
    lines.append(",".join(str(numbers[node]) for node in graph.outputs))
    lines += [f"{numbers[θ]}<-{numbers[value]}" for θ, value in graph.updates.items()]
    return cache.cache_key("\n".join(lines), target)


@functools.cache
def _sources() -> str:
    """Return what changes whenever the engine's own files change."""
    folder = Path(__file__).parent
    files = sorted([*folder.rglob("*.py"), folder.parents[1] / "graph" / "rewrite.py"])
    return str([(file.name, status.st_size, status.st_mtime_ns) for file in files for status in [file.stat()]])


def find_recipe(key: str, graph: Graph) -> Recipe | None:
    """Return the recipe kept under a key, if there is one that can be followed.

    A wrong number in it would let native code write anywhere. So whatever is odd about it, it is as good as none.

    Args:
        key: The key, from `graph_key`.
        graph: The graph.

    Returns:
        The recipe, or None where there is none.

    Example:
        >>> find_recipe("0" * 64, Graph()) is None
        True
    """
    kept = cache.load(key)
    if kept is None:
        return None
    try:
        fields = json.loads(kept)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or fields.keys() != {field.name for field in dataclasses.fields(Recipe)}:
        return None
    if not isinstance(fields["slots"], list) or not isinstance(fields["outputs"], list):
        return None
    recipe = Recipe(**fields | {name: tuple(fields[name]) for name in ("slots", "outputs")})
    return recipe if _is_sound(recipe) and _fits(recipe, graph) else None


def _is_sound(recipe: Recipe) -> bool:
    """Say whether every field is of its type, and in the range of all programs that there are."""
    if not isinstance(recipe.code, str) or not _KEY.fullmatch(recipe.code):  # it becomes the name of a file
        return False
    sizes = (recipe.threads, recipe.arena_bytes, recipe.private_bytes)
    if any(type(number) is not int for number in (*sizes, *recipe.slots, *recipe.outputs)):  # True is an int, too
        return False
    if not 1 <= recipe.threads <= MOST_THREADS or min(sizes) < 0 or max(sizes) > _MOST_BYTES:
        return False
    return all(-1 <= number < len(recipe.slots) for number in recipe.outputs) and min(recipe.slots, default=-1) >= -1


def _fits(recipe: Recipe, graph: Graph) -> bool:
    """Say whether a recipe has a slot for whatever the graph needs one for, and for nothing that it does not have."""
    if len(recipe.outputs) != len(graph.outputs):
        return False
    leaves, outputs = _leaves(graph), list(zip(graph.outputs, recipe.outputs, strict=True))
    named = [number for number in recipe.slots if number >= 0]
    if len({*named}) != len(named) or max(named, default=-1) >= len(leaves):
        return False
    if not {*graph.inputs, *graph.updates} <= {leaves[number] for number in named}:
        return False
    written: dict[int, Spec] = {}  # several outputs share a slot where they are the same value
    for node, slot in outputs:
        if slot >= 0:
            written.setdefault(slot, node.spec)
    if list(written) != [slot for slot, number in enumerate(recipe.slots) if number < 0]:
        return False
    return all(written.get(slot) == (node.spec if isinstance(node, Application) else None) for node, slot in outputs)


def keep_recipe(key: str, recipe: Recipe) -> None:
    """Keep a recipe under a key."""
    cache.save(key, json.dumps(dataclasses.asdict(recipe)).encode())
