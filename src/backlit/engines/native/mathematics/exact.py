"""Sums and products of floats without loss: each is given as the rounded result and what rounding left out.

Where the machine multiplies and adds in one instruction, it yields what a product left out; elsewhere both factors are
split into halves, whose products are exact (Veltkamp, 1968; Dekker, 1971).
"""

from backlit.engines.native.builder import Body
from backlit.engines.native.mathematics.floats import FORMATS
from backlit.engines.native.values import Value

__all__ = ["fast_two_sum", "two_product", "two_sum"]


def two_sum(body: Body, x: Value, y: Value) -> tuple[Value, Value]:
    """Add two floats: x + y = total + rest, without error (Knuth, 1969).

    Args:
        body: The function being written.
        x: Floats.
        y: Floats.

    Returns:
        The rounded sum and the rest.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("double", "x"), ("double", "y")])
        >>> total, rest = two_sum(body, body.parameter("x"), body.parameter("y"))
        >>> body.close(rest)
        >>> str(module).count("fadd") + str(module).count("fsub")
        6
    """
    total = body.add(x, y)
    added = body.subtract(total, x)
    return total, body.add(body.subtract(x, body.subtract(total, added)), body.subtract(y, added))


def fast_two_sum(body: Body, x: Value, y: Value) -> tuple[Value, Value]:
    """Add two floats without error, where x is the larger in magnitude, or zero (Dekker, 1971).

    Args:
        body: The function being written.
        x: Floats.
        y: Floats.

    Returns:
        The rounded sum and the rest.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> module = Module(named_target("x86-64-v3"))
        >>> body = module.body("f", [("double", "x"), ("double", "y")])
        >>> total, rest = fast_two_sum(body, body.parameter("x"), body.parameter("y"))
        >>> body.close(rest)
        >>> str(module).count("fadd") + str(module).count("fsub")
        3
    """
    total = body.add(x, y)
    return total, body.subtract(y, body.subtract(total, x))


def two_product(body: Body, x: Value, y: Value) -> tuple[Value, Value]:
    """Multiply two floats: x y = product + rest, without error as long as nothing overflows.

    Args:
        body: The function being written.
        x: Floats.
        y: Floats.

    Returns:
        The rounded product and the rest.

    Example:
        >>> from backlit.engines.native.builder import Module
        >>> from backlit.engines.native.target import named_target
        >>> for name in ("x86-64-v2", "x86-64-v3"):
        ...     module = Module(named_target(name))
        ...     body = module.body("f", [("double", "x"), ("double", "y")])
        ...     product, rest = two_product(body, body.parameter("x"), body.parameter("y"))
        ...     body.close(rest)
        ...     print(str(module).count("fmul"))
        7
        1
    """
    product = body.multiply(x, y)
    if body.target.fma:
        return product, body.fused(x, y, body.negate(product))
    (x_high, x_low), (y_high, y_low) = _halves(body, x), _halves(body, y)
    rest = body.subtract(body.multiply(x_high, y_high), product)
    rest = body.add(body.add(rest, body.multiply(x_high, y_low)), body.multiply(x_low, y_high))
    return product, body.add(rest, body.multiply(x_low, y_low))


def _halves(body: Body, x: Value) -> tuple[Value, Value]:
    """Split floats into two of half as many digits (Veltkamp)."""
    digits = FORMATS[x.type].fraction // 2 + 1
    widened = body.multiply(x, body.like(2.0**digits + 1.0, x))
    high = body.subtract(widened, body.subtract(widened, x))
    return high, body.subtract(x, high)
