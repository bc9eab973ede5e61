"""The cards, one family a file, and the functions over them.

Two rooms are named and not yet built: ``conv`` for convolution and pooling over images laid out (N, H, W, C), and
``loop`` for recurrence over time, whose body is a graph of its own.
"""

from backlit.graph.ops.arithmetic import add, divide, multiply, negative, pow, sqrt, square, subtract
from backlit.graph.ops.comparison import equal, greater, greater_equal, less, less_equal, not_equal
from backlit.graph.ops.contract import einsum, matmul, outer, tensordot, vecdot
from backlit.graph.ops.exponential import erf, exp, expm1, log, log1p, logaddexp, sigmoid
from backlit.graph.ops.gather import one_hot, scatter_add, take
from backlit.graph.ops.indexing import take_along_axis
from backlit.graph.ops.logic import (
    cast,
    isfinite,
    isnan,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    stop_gradient,
)
from backlit.graph.ops.piecewise import abs, ceil, clip, floor, maximum, minimum, relu, round, sign, where
from backlit.graph.ops.random import Generator, bernoulli, normal, random_bits, uniform
from backlit.graph.ops.reduce import argmax, argmin, cumulative_sum, max, min, sum
from backlit.graph.ops.select import concat, pad, slice, stack
from backlit.graph.ops.shape import (
    broadcast_to,
    expand_dims,
    flatten,
    flip,
    matrix_transpose,
    moveaxis,
    permute_dims,
    reshape,
    squeeze,
)
from backlit.graph.ops.softmax import log_softmax, logsumexp, softmax
from backlit.graph.ops.statistics import all, any, mean, prod, std, var
from backlit.graph.ops.trigonometric import acos, asin, atan, cos, cosh, sin, sinh, tan, tanh

__all__ = [
    "Generator",
    "abs",
    "acos",
    "add",
    "all",
    "any",
    "argmax",
    "argmin",
    "asin",
    "atan",
    "bernoulli",
    "broadcast_to",
    "cast",
    "ceil",
    "clip",
    "concat",
    "cos",
    "cosh",
    "cumulative_sum",
    "divide",
    "einsum",
    "equal",
    "erf",
    "exp",
    "expand_dims",
    "expm1",
    "flatten",
    "flip",
    "floor",
    "greater",
    "greater_equal",
    "isfinite",
    "isnan",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log_softmax",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logsumexp",
    "matmul",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "moveaxis",
    "multiply",
    "negative",
    "normal",
    "not_equal",
    "one_hot",
    "outer",
    "pad",
    "permute_dims",
    "pow",
    "prod",
    "random_bits",
    "relu",
    "reshape",
    "round",
    "scatter_add",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "slice",
    "softmax",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "stop_gradient",
    "subtract",
    "sum",
    "take",
    "take_along_axis",
    "tan",
    "tanh",
    "tensordot",
    "uniform",
    "var",
    "vecdot",
    "where",
]
