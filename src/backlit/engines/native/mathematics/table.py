"""The table of functions by the op they compute, and the table of their errors."""

from collections.abc import Callable, Mapping

from backlit.engines.native.mathematics.error_function import error_function
from backlit.engines.native.mathematics.exponential import exponential, exponential_minus_one, sigmoid
from backlit.engines.native.mathematics.hyperbolic import hyperbolic_cosine, hyperbolic_sine, hyperbolic_tangent
from backlit.engines.native.mathematics.inverse_trigonometric import arc_cosine, arc_sine, arc_tangent
from backlit.engines.native.mathematics.logarithm import log_add_exponentials, logarithm, logarithm_of_one_plus
from backlit.engines.native.mathematics.power import power
from backlit.engines.native.mathematics.trigonometric import cosine, sine, tangent
from backlit.engines.native.values import Value

__all__ = ["ERROR_BOUNDS", "MATHEMATICS"]

MATHEMATICS: Mapping[str, Callable[..., Value]] = {
    "acos": arc_cosine,
    "asin": arc_sine,
    "atan": arc_tangent,
    "cos": cosine,
    "cosh": hyperbolic_cosine,
    "erf": error_function,
    "exp": exponential,
    "expm1": exponential_minus_one,
    "log": logarithm,
    "log1p": logarithm_of_one_plus,
    "logaddexp": log_add_exponentials,
    "pow": power,
    "sigmoid": sigmoid,
    "sin": sine,
    "sinh": hyperbolic_sine,
    "tan": tangent,
    "tanh": hyperbolic_tangent,
}
"""What computes an op, by its name: a function of the body being written and the op's arguments."""

ERROR_BOUNDS: Mapping[str, Mapping[str, float]] = {
    "acos": {"float32": 1.0, "float64": 2.0},
    "asin": {"float32": 1.0, "float64": 3.0},
    "atan": {"float32": 1.0, "float64": 2.0},
    "cos": {"float32": 1.0, "float64": 1.0},
    "cosh": {"float32": 2.0, "float64": 3.0},
    "erf": {"float32": 4.0, "float64": 4.0},
    "exp": {"float32": 2.0, "float64": 2.0},
    "expm1": {"float32": 2.0, "float64": 3.0},
    "log": {"float32": 1.0, "float64": 1.0},
    "log1p": {"float32": 2.0, "float64": 2.0},
    "logaddexp": {"float32": 4.0, "float64": 3.0},
    "pow": {"float32": 1.0, "float64": 3.0},
    "sigmoid": {"float32": 3.0, "float64": 3.0},
    "sin": {"float32": 1.0, "float64": 1.0},
    "sinh": {"float32": 2.0, "float64": 3.0},
    "tan": {"float32": 1.0, "float64": 3.0},
    "tanh": {"float32": 3.0, "float64": 3.0},
}
"""How far a result may be from the exact one, in units in the last place, by op and data type.

For ``logaddexp`` the unit is that of the result or of the larger argument, whichever is larger: it is the sum of the
larger argument and a logarithm, which may cancel.
"""
