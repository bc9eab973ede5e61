"""The lowering: what each op becomes in native code, one line an op.

An elementwise op is a function that writes instructions on values in registers; an op that only moves elements about is
a change of indices; the others (products, reductions and their like) are kernels of their own. A test prints every op
that has no line here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backlit.engines.native.builder import Body
from backlit.engines.native.mathematics import MATHEMATICS
from backlit.engines.native.mathematics.roots import square_root
from backlit.engines.native.values import LLVM_TYPES, Value
from backlit.graph.leaves import Constant
from backlit.graph.node import Application, Node
from backlit.graph.spec import is_floating, promote

__all__ = [
    "LOWERING",
    "Anchor",
    "Elementwise",
    "View",
    "cast_value",
    "fusible_product",
    "is_signed",
    "lower",
    "maximum",
    "minimum",
]

Emit = Callable[..., Value]
"""``(body, *values of the arguments) -> the value``; the values have one type."""


@dataclass(frozen=True)
class Elementwise:
    """An op that computes each element from one element of each argument.

    Args:
        emit: Writes the instructions.
        cost: About how many instructions a vector takes: what is dear is kept rather than computed twice.
    """

    emit: Emit
    cost: int = 1


@dataclass(frozen=True)
class View:
    """An op that only moves elements about: the element of its argument at another index."""


@dataclass(frozen=True)
class Anchor:
    """An op that needs a loop of its own: what other computations are fused to.

    Args:
        form: Which one.
    """

    form: str


def is_signed(dtype: str) -> bool:
    """Say whether the integers of a data type have a sign."""
    return dtype.startswith("int")


def cast_value(body: Body, value: Value, before: str, after: str) -> Value:
    """Convert a value between data types as NumPy does.

    Args:
        body: Where the instructions go.
        value: The value.
        before: Its data type.
        after: The data type wanted.

    Returns:
        The converted value.
    """
    if before == after:
        return value
    type = LLVM_TYPES[after]
    if after == "bool":
        return body.compare("une" if value.floating else "ne", value, body.like(0, value))
    if is_floating(before):
        if is_floating(after):
            return body.convert("fpext" if after == "float64" else "fptrunc", value, type)
        return _float_to_integer(body, value, after)
    if is_floating(after):
        return body.convert("sitofp" if is_signed(before) else "uitofp", value, type)
    if LLVM_TYPES[before] == type:
        return value
    wider = _bits(type) > _bits(value.type)
    return body.convert("trunc" if not wider else "sext" if is_signed(before) else "zext", value, type)


def _bits(type: str) -> int:
    return int(type[1:])


def _float_to_integer(body: Body, value: Value, after: str) -> Value:
    """Convert as NumPy does on x86: in 64 bits where 32 do not hold the type, and what is too long is cut off."""
    type = LLVM_TYPES[after]
    if after == "uint64":
        limit = body.like(2.0**63, value)
        above = _truncated(body, body.subtract(value, limit), type)
        moved = body.binary("xor", above, body.like(-(2**63), above))
        return body.select(body.compare("oge", value, limit), moved, _truncated(body, value, type))
    wide = "i64" if after in {"int64", "uint32"} else "i32"
    whole = _truncated(body, value, wide)
    return whole if type == wide else body.convert("trunc", whole, type)


def _truncated(body: Body, value: Value, type: str) -> Value:
    """Convert as the machine does: what does not fit, and NaN, becomes the most negative number."""
    lowest = -(2 ** (_bits(type) - 1))
    low, high = body.like(float(lowest), value), body.like(-float(lowest), value)
    inside = body.binary("and", body.compare("oge", value, low), body.compare("olt", value, high))
    whole = body.convert("fptosi", body.select(inside, value, body.like(0.0, value)), type)
    return body.select(inside, whole, body.like(lowest, whole))


def _by_kind(floats: str, signed: str, unsigned: str = "") -> Emit:
    def emit(body: Body, *values: Value, dtype: str) -> Value:
        name = floats if is_floating(dtype) else signed if is_signed(dtype) or not unsigned else unsigned
        return body.binary(name, *values)

    return emit


def _relation(floats: str, signed: str, unsigned: str) -> Emit:
    def emit(body: Body, x: Value, y: Value, *, dtype: str) -> Value:
        relation = floats if is_floating(dtype) else signed if is_signed(dtype) else unsigned
        return body.compare(relation, x, y)

    return emit


def _extreme(floats: str, signed: str, unsigned: str) -> Emit:
    """Choose the larger or smaller. A NaN goes through: of x by the unordered relation, of y by asking."""

    def emit(body: Body, x: Value, y: Value, *, dtype: str) -> Value:
        if not is_floating(dtype):
            return body.select(body.compare(signed if is_signed(dtype) else unsigned, x, y), x, y)
        chosen = body.select(body.compare(floats, x, y), x, y)
        if y.is_constant and not _is_constant_nan(y):
            return chosen
        return body.select(body.compare("uno", y, y), y, chosen)

    return emit


def _is_constant_nan(value: Value) -> bool:
    bits = value.text.partition("0x")[2][:16]
    return bool(bits) and (int(bits, 16) & 0x7FFFFFFFFFFFFFFF) > 0x7FF0000000000000


maximum = _extreme("uge", "sge", "uge")
minimum = _extreme("ule", "sle", "ule")


def _clip(body: Body, x: Value, low: Value, high: Value, *, dtype: str) -> Value:
    return minimum(body, maximum(body, x, low, dtype=dtype), high, dtype=dtype)


def _relu(body: Body, x: Value, *, dtype: str) -> Value:
    zero = body.like(0, x)
    if x.floating:
        return body.select(body.compare("ole", x, zero), zero, x)
    return body.select(body.compare("slt", x, zero), zero, x) if is_signed(dtype) else x


def _absolute(body: Body, x: Value, *, dtype: str) -> Value:
    if x.floating:
        return body.intrinsic("fabs", x)
    if not is_signed(dtype):
        return x
    return body.select(body.compare("slt", x, body.like(0, x)), body.binary("sub", body.like(0, x), x), x)


def _sign(body: Body, x: Value, *, dtype: str) -> Value:
    zero, one = body.like(0, x), body.like(1, x)
    positive, negative = ("ogt", "olt") if x.floating else ("sgt", "slt") if is_signed(dtype) else ("ugt", "ult")
    rest = body.select(body.compare("uno", x, x), x, zero) if x.floating else zero
    below = body.select(body.compare(negative, x, zero), body.like(-1, x), rest)
    return body.select(body.compare(positive, x, zero), one, below)


def _negative(body: Body, x: Value, *, dtype: str) -> Value:
    return body.negate(x) if x.floating else body.binary("sub", body.like(0, x), x)


def _rounding(name: str) -> Emit:
    return lambda body, x, *, dtype: body.intrinsic(name, x) if x.floating else x


def _is_nan(body: Body, x: Value, *, dtype: str) -> Value:
    return body.compare("uno", x, x)


def _is_finite(body: Body, x: Value, *, dtype: str) -> Value:
    return body.compare("olt", body.intrinsic("fabs", x), body.like(float("inf"), x))


def _logical(name: str) -> Emit:
    return lambda body, x, y, *, dtype: body.binary(name, x, y)


def _not(body: Body, x: Value, *, dtype: str) -> Value:
    return body.binary("xor", x, body.like(1, x))


def _where(body: Body, condition: Value, x: Value, y: Value, *, dtype: str) -> Value:
    return body.select(condition, x, y)


def _same(body: Body, x: Value, *, dtype: str) -> Value:
    return x


def _root(body: Body, x: Value, *, dtype: str) -> Value:
    return square_root(body, x)


def _power(body: Body, x: Value, y: Value, *, dtype: str) -> Value:
    """Raise to a power; the exponents that formulas are full of take an instruction or two."""
    if y.is_constant:
        for exponent, short in _POWERS.items():
            if y.text == body.like(exponent, y).text:
                return short(body, x)
    return MATHEMATICS["pow"](body, x, y)


_POWERS: Mapping[float, Callable[[Body, Value], Value]] = {
    2.0: lambda body, x: body.multiply(x, x),
    -1.0: lambda body, x: body.divide(body.like(1.0, x), x),
}


def _function(name: str, cost: int) -> Elementwise:
    function = MATHEMATICS[name]

    def emit(body: Body, *values: Value, dtype: str) -> Value:
        return function(body, *values)

    return Elementwise(emit, cost)


LOWERING: Mapping[str, Elementwise | View | Anchor] = {
    "abs": Elementwise(_absolute),
    "acos": _function("acos", 25),
    "add": Elementwise(_by_kind("fadd", "add")),
    "argmax": Anchor("place of the largest"),
    "argmin": Anchor("place of the smallest"),
    "asin": _function("asin", 25),
    "atan": _function("atan", 25),
    "broadcast_to": View(),
    "cast": Elementwise(_same),
    "ceil": Elementwise(_rounding("ceil")),
    "clip": Elementwise(_clip, 2),
    "concat": Anchor("assembly"),
    "cos": _function("cos", 30),
    "cosh": _function("cosh", 20),
    "cumulative_sum": Anchor("scan"),
    "divide": Elementwise(_by_kind("fdiv", "sdiv"), 4),
    "equal": Elementwise(_relation("oeq", "eq", "eq")),
    "erf": _function("erf", 25),
    "exp": _function("exp", 12),
    "expm1": _function("expm1", 20),
    "flip": View(),
    "floor": Elementwise(_rounding("floor")),
    "greater": Elementwise(_relation("ogt", "sgt", "ugt")),
    "greater_equal": Elementwise(_relation("oge", "sge", "uge")),
    "isfinite": Elementwise(_is_finite),
    "isnan": Elementwise(_is_nan),
    "less": Elementwise(_relation("olt", "slt", "ult")),
    "less_equal": Elementwise(_relation("ole", "sle", "ule")),
    "log": _function("log", 20),
    "log1p": _function("log1p", 25),
    "logaddexp": _function("logaddexp", 40),
    "logical_and": Elementwise(_logical("and")),
    "logical_not": Elementwise(_not),
    "logical_or": Elementwise(_logical("or")),
    "logical_xor": Elementwise(_logical("xor")),
    "matmul": Anchor("product"),
    "max": Anchor("reduction"),
    "maximum": Elementwise(maximum, 2),
    "min": Anchor("reduction"),
    "minimum": Elementwise(minimum, 2),
    "multiply": Elementwise(_by_kind("fmul", "mul")),
    "negative": Elementwise(_negative),
    "not_equal": Elementwise(_relation("une", "ne", "ne")),
    "one_hot": Elementwise(_same),
    "pad": Anchor("assembly"),
    "permute_dims": View(),
    "pow": Elementwise(_power, 60),
    "random_bits": Anchor("random bits"),
    "relu": Elementwise(_relu),
    "reshape": View(),
    "round": Elementwise(_rounding("roundeven")),
    "scatter_add": Anchor("scatter"),
    "sigmoid": _function("sigmoid", 20),
    "sign": Elementwise(_sign, 3),
    "sin": _function("sin", 30),
    "sinh": _function("sinh", 25),
    "slice": View(),
    "sqrt": Elementwise(_root, 6),
    "stop_gradient": View(),
    "subtract": Elementwise(_by_kind("fsub", "sub")),
    "sum": Anchor("reduction"),
    "take": Elementwise(_same, 2),
    "tan": _function("tan", 40),
    "tanh": _function("tanh", 20),
    "where": Elementwise(_where),
}
"""What each op becomes, by its name."""

_KEEPS_TYPES = frozenset({"where", "cast", "one_hot", "take"})


def lower(body: Body, node: Application, values: list[Value]) -> Value:
    """Write the instructions of an elementwise op.

    Args:
        body: Where they go.
        node: The node.
        values: The values of its arguments, each of its argument's data type.

    Returns:
        The value of the node.
    """
    rule = LOWERING[node.op.name]
    assert isinstance(rule, Elementwise)
    if node.op.name in _KEEPS_TYPES:
        first = 1 if node.op.name == "where" else 0
        pairs = list(zip(values, node.arguments, strict=True))
        kept = [v for v, _ in pairs[:first]]
        values = kept + [cast_value(body, value, argument.dtype, node.dtype) for value, argument in pairs[first:]]
        return rule.emit(body, *values, dtype=node.dtype)
    common = promote(*(argument.dtype for argument in node.arguments))
    values = [cast_value(body, v, argument.dtype, common) for v, argument in zip(values, node.arguments, strict=True)]
    return rule.emit(body, *values, dtype=common)


def fusible_product(node: Application) -> tuple[Node, Application] | None:
    """Find a product that may be rounded once, together with the sum or difference that takes it in.

    Only where rounding once cannot turn an exact zero into a small number: the other term is a leaf, as in θ - α g, or
    both terms are products with positive numbers and are added, as in 0.9 m + 0.1 g.

    Args:
        node: A node.

    Returns:
        The other term and the product; None where there is no such product.
    """
    if node.op.name not in {"add", "subtract"} or not is_floating(node.dtype):
        return None
    first, second = node.arguments
    pairs = [(first, second)] if node.op.name == "subtract" else [(first, second), (second, first)]
    for other, product in pairs:
        if not (isinstance(product, Application) and product.op.name == "multiply"):
            continue
        if {other.dtype, *(factor.dtype for factor in product.arguments)} != {node.dtype}:
            continue
        if not isinstance(other, Application):
            return other, product
        if node.op.name == "add" and other.op.name == "multiply" and _is_scaled(other) and _is_scaled(product):
            return other, product
    return None


def _is_scaled(product: Application) -> bool:
    """Say whether a factor of a product is a positive number."""
    numbers = [factor for factor in product.arguments if isinstance(factor, Constant) and factor.size == 1]
    return any(number.value.item() > 0 for number in numbers)
