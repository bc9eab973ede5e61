"""How a net learns: update rules and schedules. They return graph, θ ← θ − α ∂L/∂θ, and never compute."""

from backlit.optim.adam import Adam, AdamW
from backlit.optim.adaptive import Adagrad, RMSprop
from backlit.optim.clock import Clock
from backlit.optim.optimizer import Optimizer, Rule
from backlit.optim.schedules import (
    Constant,
    CosineDecay,
    ExponentialDecay,
    InverseTimeDecay,
    LearningRate,
    Schedule,
    StepDecay,
    Warmup,
)
from backlit.optim.sgd import SGD

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Clock",
    "Constant",
    "CosineDecay",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRate",
    "Optimizer",
    "RMSprop",
    "Rule",
    "Schedule",
    "StepDecay",
    "Warmup",
]
