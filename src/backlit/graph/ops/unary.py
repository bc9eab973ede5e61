"""The pattern of the cards of smooth functions of one argument."""

from backlit.errors import DTypeError
from backlit.graph.op import Interval, LocalDerivative, Op, Refusal, Sample, elementwise
from backlit.graph.spec import Spec

__all__ = ["unary"]


def unary(
    name: str,
    formula: str,
    words: str,
    derivative: str,
    local: LocalDerivative,
    domain: Interval = Interval(),  # noqa: B008 - immutable
    singular: str = "",
) -> Op:
    """Make the card of a smooth function that works element by element on floats.

    Args:
        name: The name of the op.
        formula: The value in LaTeX.
        words: The value in words.
        derivative: The derivative in LaTeX.
        local: The derivative as graph, ``(value, x) -> node``.
        domain: The values it takes.
        singular: Points at which the value or the slope is infinite, in words.

    Returns:
        The card.

    Example:
        >>> from backlit.graph.op import find_op
        >>> find_op("tanh").refusals[0].says
        'tanh(input: int64[2])'
    """
    return Op(
        name=name,
        formula=formula,
        words=words,
        derivative=(derivative,),
        infer=elementwise(),
        local=(local,),
        domain=(domain,),
        singular=singular,
        samples=(Sample(()), Sample((3,)), Sample((2, 3)), Sample((0, 2))),
        refusals=(Refusal((Spec((2,), "int64"),), {}, DTypeError, f"{name}(input: int64[2])"),),
    )
