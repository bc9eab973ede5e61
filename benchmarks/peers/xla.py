"""JAX, which compiles with XLA: a step at a time, or a whole epoch in one call.

This module imports JAX.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.contest import Prepared
from benchmarks.nets import Array, PredictionTask, TrainingTask
from benchmarks.tapes import Tape

__all__ = ["build_and_differentiate", "predict", "train_by_epoch", "train_by_step"]

Update = Callable[[Any, Any, Any], tuple[Any, Any]]


def _logits(weights: Any, x: Any) -> Any:
    for weight, bias in weights[:-1]:
        x = jax.nn.relu(x @ weight + bias)
    weight, bias = weights[-1]
    return x @ weight + bias


def _loss(weights: Any, x: Any, labels: Any) -> Any:
    logarithms = jax.nn.log_softmax(_logits(weights, x))
    return -jnp.mean(jnp.take_along_axis(logarithms, labels[:, None], axis=1))


def _update(task: TrainingTask, weights: Any, state: Any, gradients: Any) -> tuple[Any, Any]:
    if task.optimizer == "SGD":
        return jax.tree.map(lambda w, g: w - task.rate * g, weights, gradients), state
    count, first, second = state
    count = count + 1.0
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
    rate, correction = task.rate / (1.0 - 0.9**count), 1.0 - 0.999**count
    weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v / correction) + 1e-8), weights, first, second)
    return weights, (count, first, second)


def _start(task: TrainingTask) -> tuple[Any, Any]:
    weights = jax.tree.map(jnp.array, task.weights)
    zeros = [jax.tree.map(jnp.zeros_like, weights) for _ in range(2)]
    return weights, () if task.optimizer == "SGD" else (jnp.zeros(()), *zeros)


def _restart(current: list[Any], task: TrainingTask) -> None:
    current[:] = [jax.block_until_ready(_start(task))]


def train_by_step(task: TrainingTask) -> Prepared:
    """Prepare the training steps, one compiled call each; only the last is waited for, as in any training loop."""

    def advance(weights: Any, state: Any, x: Any, labels: Any) -> tuple[Any, Any, Any]:
        loss, gradients = jax.value_and_grad(_loss)(weights, x, labels)
        return (*_update(task, weights, state, gradients), loss)

    step = jax.jit(advance, donate_argnums=(0, 1))
    batches = [(jnp.array(x), jnp.array(labels)) for x, labels in zip(task.inputs, task.labels, strict=True)]
    current = [_start(task)]

    def epoch() -> Array:
        losses = []
        weights, state = current.pop()
        for x, labels in batches:
            weights, state, loss = step(weights, state, x, labels)
            losses.append(loss)
        current.append(jax.block_until_ready((weights, state)))
        return np.array([float(loss) for loss in losses])

    return Prepared(epoch, epoch, lambda: _restart(current, task))


def train_by_epoch(task: TrainingTask) -> Prepared:
    """Prepare the training steps, all in one compiled call (``lax.scan``)."""

    def body(carry: Any, batch: Any) -> tuple[Any, Any]:
        weights, state = carry
        loss, gradients = jax.value_and_grad(_loss)(weights, *batch)
        return _update(task, weights, state, gradients), loss

    run = jax.jit(lambda carry, batches: jax.lax.scan(body, carry, batches), donate_argnums=(0,))
    batches = (jnp.array(task.inputs), jnp.array(task.labels))
    current = [_start(task)]

    def epoch() -> Array:
        carry, losses = jax.block_until_ready(run(current.pop(), batches))
        current.append(carry)
        return np.asarray(losses)

    return Prepared(epoch, epoch, lambda: _restart(current, task))


def predict(task: PredictionTask) -> Prepared:
    """Prepare the prediction of one row, from an array to an array."""
    weights = jax.tree.map(jnp.array, task.weights)
    program = jax.jit(lambda weights, x: jax.nn.softmax(_logits(weights, x)))

    def answer() -> Array:
        return np.asarray(program(weights, task.row))

    def turn() -> None:
        for _ in range(task.calls):
            answer()

    return Prepared(turn, answer)


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
