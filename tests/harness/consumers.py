"""Whatever does something with every op: one table each, keyed by op. A new engine adds its table here, in one line."""

from collections.abc import Collection, Mapping
from typing import Any

from backlit.autodiff.symbolic_rules import SYMPY_RULES
from backlit.engines.native.lowering import LOWERING
from backlit.engines.reference import NUMPY_RULES
from backlit.explain.drawing.symbols import SYMBOLS
from backlit.explain.narration.phrases import PHRASES
from backlit.explain.page import javascript_ops
from harness.oracles import ORACLES

CONSUMERS: dict[str, Mapping[str, Any]] = {
    "drawing": SYMBOLS,
    "interactive page": javascript_ops(),
    "narrator": PHRASES,
    "native engine": LOWERING,
    "reference engine": NUMPY_RULES,
    "symbolic derivatives": SYMPY_RULES,
    "oracles of the tests": ORACLES,
}


def empty_cells(ops: Collection[str], consumers: Mapping[str, Collection[str]]) -> list[str]:
    """Every (op, consumer) that has no entry, and every entry for an op that does not exist."""
    cells = []
    for name, table in consumers.items():
        cells += [f"{name}: no entry for {op}" for op in ops if op not in table]
        cells += [f"{name}: an entry for {op}, which is no op" for op in table if op not in ops]
    return sorted(cells)
