"""Functions that NumPy lacks, or has in a form that overflows.

The error function follows Cody's rational approximations ("Rational Chebyshev approximations for the error function",
1969), accurate to about one unit in the last place of float64.
"""

import math

import numpy as np

from backlit.graph.node import Array

__all__ = ["erf", "logaddexp", "sigmoid"]

_NEAR_TOP: tuple[float, ...] = (
    1.85777706184603153e-1,
    3.16112374387056560,
    1.13864154151050156e2,
    3.77485237685302021e2,
    3.20937758913846947e3,
)
_NEAR_BOTTOM: tuple[float, ...] = (
    1.0,
    2.36012909523441209e1,
    2.44024637934444173e2,
    1.28261652607737228e3,
    2.84423683343917062e3,
)
_MIDDLE_TOP: tuple[float, ...] = (
    2.15311535474403846e-8,
    5.64188496988670089e-1,
    8.88314979438837594,
    6.61191906371416295e1,
    2.98635138197400131e2,
    8.81952221241769090e2,
    1.71204761263407058e3,
    2.05107837782607147e3,
    1.23033935479799725e3,
)
_MIDDLE_BOTTOM: tuple[float, ...] = (
    1.0,
    1.57449261107098347e1,
    1.17693950891312499e2,
    5.37181101862009858e2,
    1.62138957456669019e3,
    3.29079923573345963e3,
    4.36261909014324716e3,
    3.43936767414372164e3,
    1.23033935480374942e3,
)
_NEAR, _FAR = 0.46875, 6.0
"""Up to the first the value itself is approximated, beyond it its distance to 1; from the second on it is 1."""


def erf(x: Array) -> Array:
    """Take the error function of each element.

    Args:
        x: Floats; complex numbers whose imaginary part is so small that its square vanishes, as in a complex step.

    Returns:
        An array of the same shape and data type.

    Example:
        >>> print(f"{float(erf(np.array(0.5))):.15f}")
        0.520499877813047
    """
    if np.iscomplexobj(x):
        slope = 2.0 / math.sqrt(math.pi) * np.exp(-(x.real**2))
        return np.asarray(erf(x.real) + 1j * x.imag * slope)
    size = np.abs(x.astype(np.float64))
    square = np.minimum(size, _NEAR) ** 2
    near = x * (np.polyval(_NEAR_TOP, square) / np.polyval(_NEAR_BOTTOM, square))
    middle = np.clip(size, _NEAR, _FAR)
    tail = np.exp(-(middle**2)) * np.polyval(_MIDDLE_TOP, middle) / np.polyval(_MIDDLE_BOTTOM, middle)
    result = np.where(size <= _NEAR, near, np.copysign(1.0 - tail, x))
    return np.where(np.isnan(x), x, result).astype(x.dtype)


def sigmoid(x: Array) -> Array:
    """Take 1 / (1 + e^-x) of each element without overflow.

    Args:
        x: Floats or complex numbers.

    Returns:
        An array of the same shape and data type.

    Example:
        >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
        [0.0, 0.5, 1.0]
    """
    if np.iscomplexobj(x):
        return np.asarray(1.0 / (1.0 + np.exp(-x)))
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, decay) / (1.0 + decay)


def logaddexp(x: Array, y: Array) -> Array:
    """Take ln(e^x + e^y) element by element without overflow.

    Args:
        x: Floats or complex numbers.
        y: The same, of a shape that broadcasts.

    Returns:
        An array of the broadcast shape.

    Example:
        >>> print(f"{float(logaddexp(np.array(0.0), np.array(0.0))):.6f}")
        0.693147
    """
    if np.iscomplexobj(x) or np.iscomplexobj(y):
        larger = np.maximum(np.real(x), np.real(y))
        return np.asarray(np.log(np.exp(x - larger) + np.exp(y - larger)) + larger)
    return np.logaddexp(x, y)
