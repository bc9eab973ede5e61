"""JAX: a computation on single numbers, traced.

This module imports JAX.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.contest import Prepared
from benchmarks.tapes import Tape

__all__ = ["build_and_differentiate"]

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": jax.lax.add,
    "subtract": jax.lax.sub,
    "multiply": jax.lax.mul,
    "sin": jax.lax.sin,
    "tanh": jax.lax.tanh,
}


def build_and_differentiate(tape: Tape) -> Prepared:
    """Prepare the tracing of a tape and of its gradient, which JAX, like backlit, does without computing."""

    sources = [jnp.float32(value) for value in tape.sources]

    def fresh() -> Callable[[Any], Any]:
        """Return the gradient of a new function: JAX remembers what it has traced of one that it has seen."""

        def compute(sources: Any) -> Any:
            values = list(sources)
            for name, *arguments in tape.operations:
                values.append(_FUNCTIONS[name](*(values[argument] for argument in arguments)))
            return values[-1]

        gradient: Callable[[Any], Any] = jax.grad(compute)
        return gradient

    return Prepared(lambda: jax.make_jaxpr(fresh())(sources), lambda: [float(part) for part in fresh()(sources)])
