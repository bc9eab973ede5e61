"""Numerical differentiation: what a derivative is before any rule, and the referee of all rules.

A function is evaluated at neighbouring points, in float64, whatever the precision of its graph. Central differences
err by h² times the third derivative plus rounding over h, so that the best step is near the cube root of the rounding
unit; forward differences err by h; a complex step (Squire and Trapp, 1998) takes no difference at all and is exact to
rounding, where the function is analytic.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from backlit.errors import ArgumentError, BindingError, DTypeError, NotScalarError, nearest
from backlit.graph.graph import topological_order
from backlit.graph.leaves import Constant, Input, Parameter
from backlit.graph.node import OPERATORS, Application, Array, Node
from backlit.graph.rewrite import substitute
from backlit.graph.spec import Spec, is_floating

__all__ = ["DoubleFunction", "best_step", "numerical_gradient"]

Method = Literal["central", "forward", "complex"]

_ROUNDING = float(np.finfo(np.float64).eps)
_STEPS: dict[str, float] = {"central": _ROUNDING ** (1 / 3), "forward": _ROUNDING ** (1 / 2), "complex": 1e-20}


def best_step(method: Method, at: float = 1.0) -> float:
    """Return the step that balances the error of the formula with that of rounding.

    Args:
        method: ``"central"`` (ε^⅓), ``"forward"`` (ε^½) or ``"complex"`` (10⁻²⁰, where nothing cancels).
        at: The point, to whose size the step is scaled.

    Returns:
        The step h.

    Raises:
        ArgumentError: If there is no such method.

    Example:
        >>> print(f"{best_step('central'):.0e} {best_step('forward'):.0e}")
        6e-06 1e-08
    """
    if method not in _STEPS:
        raise ArgumentError(
            f"there is no method {method!r}{nearest(str(method), _STEPS)}", instead=f"choose among {', '.join(_STEPS)}"
        )
    return _STEPS[method] if method == "complex" else _STEPS[method] * max(1.0, abs(at))


class DoubleFunction:
    """Nodes as a function in float64 of the values of their leaves, for numerical work.

    The graph is rebuilt in float64: inputs, parameters, constants and casts alike.

    Args:
        outputs: The nodes to compute.
        at: A value for every input, by node or by name; parameters have their own unless one is given.

    Raises:
        BindingError: If an input has no value, or a value fits no leaf.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> function = DoubleFunction([x * x], {"x": 3.0})
        >>> float(function()[0])
        9.0
    """

    def __init__(self, outputs: Sequence[Node], at: Mapping[Any, npt.ArrayLike]) -> None:
        leaves = [node for node in topological_order(outputs) if isinstance(node, (Input, Parameter, Constant))]
        given = values_by_leaf(leaves, at)
        self.leaves: dict[Node, Node] = {}
        self.values: dict[Node, Array] = {}
        for leaf in leaves:
            double = _double(leaf)
            self.leaves[leaf] = double
            if leaf in given:
                array = np.asarray(given[leaf])
            elif isinstance(leaf, Input):
                raise BindingError(
                    f"no value was given for {leaf!r}", instead=f'write at={{"{leaf.name}": ...}} with a value for each'
                )
            else:
                array = leaf.value
            if array.shape != leaf.shape:
                raise BindingError(f"{leaf!r} received a value of shape {list(array.shape)}")
            self.values[double] = array.astype(double.dtype)
        self.outputs = tuple(substitute(outputs, self.leaves, _double_attributes))

    def __call__(self, changed: Mapping[Node, Array] | None = None) -> list[Array]:
        """Compute the outputs, with some leaves (of the original graph) at other values, complex ones included."""
        values = dict(self.values)
        values.update({self.leaves[leaf]: value for leaf, value in (changed or {}).items()})
        return OPERATORS["interpret"](self.outputs, values)  # type: ignore[no-any-return]

    def rebuilt(self, node: Node) -> Node:
        """Build another formula of the same leaves in float64, to be computed from the same values.

        Args:
            node: A node made of inputs and parameters of this function; what else it holds keeps its value.

        Returns:
            Its twin.

        Raises:
            BindingError: If it depends on an input that this function does not have.
        """
        twins = dict(self.leaves)
        for leaf in topological_order([node]):
            if leaf in twins or not isinstance(leaf, (Input, Parameter, Constant)):
                continue
            if isinstance(leaf, Input):
                raise BindingError(
                    f"{node!r} depends on {leaf!r}, on which the function does not",
                    instead="build it from the same inputs and parameters",
                )
            if is_floating(leaf.dtype):
                twins[leaf] = Constant(leaf.value.astype(np.float64), leaf.name)
        return substitute([node], twins, _double_attributes)[0]

    def value_of(self, leaf: Node) -> Array:
        """Return the value at which a leaf of the original graph stands."""
        return self.values[self.leaves[leaf]]


def values_by_leaf(leaves: Sequence[Node], at: Mapping[Any, npt.ArrayLike]) -> dict[Node, npt.ArrayLike]:
    """Find the leaves that values were given for, by node or by name."""
    given: dict[Node, npt.ArrayLike] = {}
    for key, value in at.items():
        matches = [leaf for leaf in leaves if leaf is key or (isinstance(key, str) and leaf.name == key)]
        if not matches:
            known = [leaf.name for leaf in leaves if leaf.name]
            raise BindingError(
                f"a value was given for {key!r}, on which nothing depends{nearest(str(key), known)}",
                instead=f"the leaves are {', '.join(known)}",
            )
        given.update(dict.fromkeys(matches, value))
    return given


def _double(leaf: Node) -> Node:
    """Return a float64 twin of a float leaf, and any other leaf itself; parameters become inputs to be moved."""
    if not is_floating(leaf.dtype):
        return leaf
    if isinstance(leaf, Constant):
        return Constant(leaf.value.astype(np.float64), leaf.name)
    return Input(Spec(leaf.shape, "float64"), leaf.name, leaf.scope, leaf.line)


def _double_attributes(node: Application) -> Mapping[str, Any] | None:
    dtype = node.attributes.get("dtype")
    if isinstance(dtype, str) and is_floating(dtype) and dtype != "float64":
        return {**node.attributes, "dtype": "float64"}
    return None


def numerical_gradient(
    loss: Node,
    source: Node,
    at: Mapping[Any, npt.ArrayLike] | None = None,
    *,
    method: Method = "central",
    step: float | None = None,
) -> Array:
    """Differentiate by evaluating at neighbouring points, in float64.

    Central: (f(x+h) - f(x-h)) / 2h. Forward: (f(x+h) - f(x)) / h. Complex: Im f(x + ih) / h.

    Args:
        loss: A float of shape ().
        source: The input or parameter that is moved, element by element.
        at: A value for every input, by node or by name; parameters have their own unless one is given.
        method: ``"central"``, ``"forward"`` or ``"complex"``, the last for functions without kinks only.
        step: The step h; by default ``best_step``.

    Returns:
        An array of the source's shape, float64.

    Raises:
        NotScalarError: If the loss is not a single number.
        BindingError: If a value is missing, or the loss does not depend on the source.
        ArgumentError: If the method does not exist or the step is not positive.

    Example:
        >>> import backlit as bl
        >>> x = bl.input("x")
        >>> round(float(numerical_gradient(x * x * x, x, {"x": 2.0})), 6)
        12.0
    """
    if loss.shape != ():
        raise NotScalarError(f"the gradient of {loss!r} was asked for, which is not a single number")
    if not is_floating(source.dtype):
        raise DTypeError(f"there is no gradient with respect to {source!r}", why="only floats can change a little")
    if step is not None and not step > 0.0:
        raise ArgumentError(f"a step is a positive number; received {step!r}")
    function = DoubleFunction([loss], at or {})
    if source not in function.leaves:
        raise BindingError(f"{loss!r} does not depend on the leaf {source!r}")
    return differences(
        lambda value: float_or_complex(function({source: value})[0]), function.value_of(source), method, step
    )


def float_or_complex(value: Any) -> complex:
    """Return a NumPy number as Python's."""
    return complex(value) if np.iscomplexobj(value) else float(value)


def differences(
    function: Callable[[Array], complex], at: Array, method: Method = "central", step: float | None = None
) -> Array:
    """Differentiate a function of an array element by element."""
    result = np.zeros(at.shape, dtype=np.float64)
    flat = result.reshape(-1)
    base = function(at).real if method == "forward" else 0.0
    for index in range(at.size):
        h = best_step(method, float(at.reshape(-1)[index])) if step is None else step
        if method == "complex":
            flat[index] = function(_moved(at.astype(np.complex128), index, 1j * h)).imag / h
        elif method == "forward":
            flat[index] = (function(_moved(at, index, h)).real - base) / h
        else:
            flat[index] = (function(_moved(at, index, h)).real - function(_moved(at, index, -h)).real) / (2.0 * h)
    return result


def _moved(at: Array, index: int, step: complex) -> Array:
    moved = at.copy()
    moved.reshape(-1)[index] += step
    return moved
