"""Collapse: affine maps without an activation between them are one affine map, and here it is.

(x W₁ + b₁) W₂ + b₂ = x (W₁ W₂) + (b₁ W₂ + b₂): depth without activations adds nothing that one layer could not do.
"""

from dataclasses import dataclass

import numpy as np

from backlit.errors import ArgumentError
from backlit.graph.spec import precision
from backlit.nn.activation_modules import Identity
from backlit.nn.containers import Sequential
from backlit.nn.linear import Linear
from backlit.nn.module import Module

__all__ = ["Collapsed", "collapse"]


@dataclass(frozen=True)
class Collapsed:
    """What is left of a model when its affine maps in a row are made one.

    Args:
        model: A model of the same function, with parameters of its own where something was joined.
        joined: The paths of the layers that became one, group by group.
        report: The same in words.

    Example:
        >>> import backlit as bl
        >>> print(collapse(bl.nn.Sequential(bl.nn.Linear(4, 8), bl.nn.Linear(8, 2))).report)
        0 and 1 are affine with no activation between them: they equal a single Linear(4, 2) with 10 parameters in place
        of 58
    """

    model: Module
    joined: tuple[tuple[str, ...], ...]
    report: str


def collapse(model: Module) -> Collapsed:
    """Join every run of ``Linear`` layers that have no activation between them (an ``Identity`` is none).

    Args:
        model: A ``Sequential``; any other module is its own collapse.

    Returns:
        The smaller model, and what was joined. The given model stays as it is; modules between are shared with it.

    Raises:
        ArgumentError: If it is given something else than a module.

    Example:
        >>> import backlit as bl
        >>> deep = bl.nn.Sequential(bl.nn.Linear(4, 8), bl.nn.Linear(8, 8), bl.nn.ReLU(), bl.nn.Linear(8, 2))
        >>> collapse(deep).joined
        (('0', '1'),)
        >>> collapse(deep).model
        Sequential: 58 parameters
        ├── 0: Linear(4, 8): 40 parameters
        ├── 1: ReLU
        └── 2: Linear(8, 2): 18 parameters
    """
    if not isinstance(model, Module):
        raise ArgumentError(f"collapse takes a model; received {model!r}")
    kept: list[tuple[tuple[str, ...], Module]] = []
    for path, stage in model.stages():
        if isinstance(stage, Identity):
            continue
        paths, before = kept[-1] if kept else ((), None)
        if isinstance(stage, Linear) and isinstance(before, Linear):
            kept[-1] = ((*paths, path), _join(before, stage))
        else:
            kept.append(((path,), stage))
    joined = [(paths, stage) for paths, stage in kept if len(paths) > 1]
    if not joined:
        return Collapsed(model, (), "every two affine layers have an activation between them: nothing collapses")
    sizes = {path: stage.parameter_count for path, stage in model.stages()}
    lines = [
        f"{', '.join(paths[:-1])} and {paths[-1]} are affine with no activation between them: they equal a single "
        f"Linear({single.inputs}, {single.outputs}) with {single.parameter_count:,} parameters in place of "
        f"{sum(sizes[path] for path in paths):,}"
        for paths, single in joined
        if isinstance(single, Linear)
    ]
    stages = [stage for _, stage in kept]
    smaller = stages[0] if len(stages) == 1 else Sequential(*stages)
    return Collapsed(smaller, tuple(paths for paths, _ in joined), "\n".join(lines))


def _join(first: Linear, second: Linear) -> Linear:
    """Multiply two layers out, in float64."""
    w1, w2 = first.weight.value.astype(np.float64), second.weight.value.astype(np.float64)
    bias = np.zeros(second.outputs)
    if first.bias is not None:
        bias += first.bias.value.astype(np.float64) @ w2
    if second.bias is not None:
        bias += second.bias.value
    has_bias = first.bias is not None or second.bias is not None
    with precision(np.promote_types(first.weight.dtype, second.weight.dtype).name):
        single = Linear(first.inputs, second.outputs, bias=has_bias, rng=0)
    single.weight.value = w1 @ w2
    if single.bias is not None:
        single.bias.value = bias
    return single
