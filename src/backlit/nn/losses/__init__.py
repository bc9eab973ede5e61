"""Losses: the single number that says how wrong a model is; and the penalties that stand beside it."""

from backlit.nn.losses.classification import binary_cross_entropy, cross_entropy, hinge, negative_log_likelihood
from backlit.nn.losses.divergence import binary_kl_divergence, kl_divergence
from backlit.nn.losses.penalties import L1, L2
from backlit.nn.losses.regression import absolute_error, huber, squared_error

__all__ = [
    "L1",
    "L2",
    "absolute_error",
    "binary_cross_entropy",
    "binary_kl_divergence",
    "cross_entropy",
    "hinge",
    "huber",
    "kl_divergence",
    "negative_log_likelihood",
    "squared_error",
]
