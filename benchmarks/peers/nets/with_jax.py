"""JAX, which compiles with XLA: a step at a time, or a whole epoch in one call.

This module imports JAX.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.contest import Prepared
from benchmarks.nets import Activation, Array, Dropout, LayerNorm, Linear, Net, parameters
from benchmarks.tasks import WEIGHT_DECAY, PredictionTask, TrainingTask

__all__ = ["predict", "train_by_epoch", "train_by_step"]

Carry = tuple[Any, Any, Any]
"""The weights, the state of the optimiser, and the key of the random numbers."""

_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
}


def _apply(net: Net, weights: Iterator[Any], x: Any, keys: Iterator[Any]) -> Any:
    for layer in net:
        if isinstance(layer, Linear):
            x = x @ next(weights) + next(weights)
        elif isinstance(layer, Activation):
            x = _ACTIVATIONS[layer.name](x)
        elif isinstance(layer, LayerNorm):
            deviation = x - jnp.mean(x, axis=-1, keepdims=True)
            variance = jnp.mean(jnp.square(deviation), axis=-1, keepdims=True)
            x = deviation * jax.lax.rsqrt(variance + 1e-5) * next(weights) + next(weights)
        elif isinstance(layer, Dropout):
            x = jnp.where(jax.random.bernoulli(next(keys), 1.0 - layer.rate, x.shape), x / (1.0 - layer.rate), 0.0)
        else:
            x = x + _apply(layer.inner, weights, x, keys)
    return x


def _keys(key: Any) -> Iterator[Any]:
    while True:
        key, used = jax.random.split(key)
        yield used


def _loss(task: TrainingTask, weights: Any, x: Any, target: Any, key: Any) -> Any:
    output = _apply(task.net, iter(weights), x, _keys(key))
    if task.loss == "squared error":
        return jnp.mean(jnp.square(output - target))
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(output), target[:, None], axis=1))


def _update(task: TrainingTask, weights: Any, state: Any, gradients: Any) -> tuple[Any, Any]:
    count, first, second = state
    rate: Any = task.rate
    if task.decay_steps is not None:
        rate = rate * (1.0 + jnp.cos(jnp.minimum(count, task.decay_steps) * (math.pi / task.decay_steps))) / 2.0
    count = count + 1.0
    if task.optimizer == "SGD":
        return jax.tree.map(lambda w, g: w - rate * g, weights, gradients), (count, first, second)
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
    pace, correction = rate / (1.0 - 0.9**count), 1.0 - 0.999**count
    pull = rate * WEIGHT_DECAY if task.optimizer == "AdamW" else 0.0
    weights = jax.tree.map(
        lambda w, m, v: w - pace * m / (jnp.sqrt(v / correction) + 1e-8) - pull * w, weights, first, second
    )
    return weights, (count, first, second)


def _advance(task: TrainingTask, carry: Carry, x: Any, target: Any) -> tuple[Carry, Any]:
    weights, state, key = carry
    key, used = jax.random.split(key)
    loss, gradients = jax.value_and_grad(lambda weights: _loss(task, weights, x, target, used))(weights)
    return (*_update(task, weights, state, gradients), key), loss


def _start(task: TrainingTask) -> Carry:
    weights = [jnp.array(array) for array in parameters(task.net)]
    zeros = [[] if task.optimizer == "SGD" else list(map(jnp.zeros_like, weights)) for _ in range(2)]
    # The generator that is made for speed: the usual one takes longer on a processor.
    return weights, (jnp.zeros(()), *zeros), jax.random.key(0, impl="rbg")


def _restart(current: list[Carry], task: TrainingTask) -> None:
    current[:] = [jax.block_until_ready(_start(task))]


def train_by_step(task: TrainingTask) -> Prepared:
    """Prepare the training steps, one compiled call each; only the last is waited for, as in any training loop."""
    step = jax.jit(lambda carry, x, target: _advance(task, carry, x, target), donate_argnums=0)
    batches = [(jnp.array(x), jnp.array(target)) for x, target in zip(task.inputs, task.targets, strict=True)]
    current = [_start(task)]

    def epoch() -> Array:
        losses = []
        carry = current.pop()
        for x, target in batches:
            carry, loss = step(carry, x, target)
            losses.append(loss)
        current.append(jax.block_until_ready(carry))
        return np.array([float(loss) for loss in losses])

    return Prepared(epoch, epoch, lambda: _restart(current, task))


def train_by_epoch(task: TrainingTask) -> Prepared:
    """Prepare the training steps, all in one compiled call (``lax.scan``)."""

    def run(carry: Carry, batches: Any) -> tuple[Carry, Any]:
        carry, losses = jax.lax.scan(lambda carry, batch: _advance(task, carry, *batch), carry, batches)
        return carry, losses

    compiled = jax.jit(run, donate_argnums=0)
    batches = (jnp.array(task.inputs), jnp.array(task.targets))
    current = [_start(task)]

    def epoch() -> Array:
        carry, losses = jax.block_until_ready(compiled(current.pop(), batches))
        current.append(carry)
        return np.asarray(losses)

    return Prepared(epoch, epoch, lambda: _restart(current, task))


def predict(task: PredictionTask) -> Prepared:
    """Prepare the prediction of one row, from an array to an array."""
    weights = [jnp.array(array) for array in parameters(task.net)]
    program = jax.jit(lambda weights, x: jax.nn.softmax(_apply(task.net, iter(weights), x, iter(()))))

    def answer() -> Array:
        return np.asarray(program(weights, task.row))

    def turn() -> None:
        for _ in range(task.calls):
            answer()

    return Prepared(turn, answer)
