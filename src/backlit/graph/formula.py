"""Formulas as people write them, read into graphs: ``sigmoid(x1*w1 + b)``, or ``z = w*x; -log(1/(1 + exp(-z)))``.

A formula is never evaluated as Python. It is read by operator precedence (Pratt, "Top down operator precedence", 1973),
with a stack of its own in place of recursion, so that ten thousand parentheses are as good as one; every operator
becomes its node as soon as both its sides are known. Names that the formula does not define are inputs; all numbers are
float64. The words come from ``formula_lexer.py``, what can be called from ``formula_functions.py``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from backlit.errors import ParseError
from backlit.graph import ops
from backlit.graph.formula_functions import FUNCTIONS, call_function, check_function, usage
from backlit.graph.formula_lexer import Token, read_tokens
from backlit.graph.leaves import Constant, Input, constant, input
from backlit.graph.node import Node
from backlit.graph.spec import precision

__all__ = ["Formula", "parse_formula"]

_COMPARE, _ADD, _MULTIPLY, _SIGN, _POWER = range(1, 6)  # how tightly operators bind, the loosest first

_OPERATORS: dict[str, tuple[int, Callable[..., Node]]] = {
    "==": (_COMPARE, ops.equal),
    "!=": (_COMPARE, ops.not_equal),
    "<": (_COMPARE, ops.less),
    "<=": (_COMPARE, ops.less_equal),
    ">": (_COMPARE, ops.greater),
    ">=": (_COMPARE, ops.greater_equal),
    "+": (_ADD, ops.add),
    "-": (_ADD, ops.subtract),
    "*": (_MULTIPLY, ops.multiply),
    "/": (_MULTIPLY, ops.divide),
    "**": (_POWER, ops.pow),
}
"""How tightly each operator between two values binds, and what it builds."""


@dataclass(frozen=True)
class Formula:
    """A formula as a graph; made by ``parse_formula``.

    Args:
        output: The node of the result.
        inputs: The inputs by name, in the order in which they first appear.
        definitions: The nodes that the formula names, in order; the result is the last of them if it has a name.
        text: What was read.

    Example:
        >>> formula = parse_formula("z = x1*w1 + b; y = sigmoid(z)")
        >>> list(formula.inputs), list(formula.definitions), formula.output
        (['x1', 'w1', 'b'], ['z', 'y'], <sigmoid 'y': float64[]>)
    """

    output: Node
    inputs: dict[str, Input]
    definitions: dict[str, Node]
    text: str


@dataclass(slots=True)
class _Operator:
    """An operator that waits for the value behind it."""

    token: Token
    precedence: int
    sign: bool = False  # a plus or minus with nothing before it


@dataclass(slots=True)
class _Group:
    """An open parenthesis: that of a call, with its name, or one for itself."""

    token: Token
    name: Token | None
    values: int  # how many values stood before it


class _Reader:
    """Reads the statements of a formula one after another into nodes."""

    def __init__(self, heads: dict[str, Token]) -> None:
        self.heads = heads  # the names that will be defined
        self.current = ""  # the one that is being defined
        self.inputs: dict[str, Input] = {}
        self.definitions: dict[str, Node] = {}
        self.labels: dict[Node, str] = {}  # what inputs and definitions are called
        self.used: set[str] = set()
        self.values: list[Node] = []
        self.waiting: list[_Operator | _Group] = []

    def read(self, statements: list[list[Token]]) -> Node:
        """Read all statements and return the node of the last one."""
        for tokens in statements[:-1]:
            self._statement(tokens)
            if not self.current:
                raise tokens[0].fail(
                    "this value gets no name and is lost",
                    why="the last line is the result; each line before it defines a name",
                    instead="write z = before it, and use z further down",
                )
        output = self._statement(statements[-1])
        for name, head in self.heads.items():
            if name not in self.used and name != self.current:
                raise head.fail(
                    f"{name} is defined and never used",
                    why="the result does not depend on it",
                    instead=f"use {name} further down, or leave this definition out",
                )
        return output

    def _statement(self, tokens: list[Token]) -> Node:
        head, equals = tokens[:2]
        if self.heads.get(head.text) is not head:
            self.current = ""
            return self._expression(tokens)
        self.current = head.text
        if tokens[2].kind == "end":
            raise equals.fail("nothing follows =", instead="write a formula after it")
        return self._define(head, self._expression(tokens[2:]))

    def _define(self, token: Token, value: Node) -> Node:
        """Give a value its name."""
        name, other = token.text, self.labels.get(value)
        if other:
            raise token.fail(
                f"{name} would be a second name of {other}",
                why="in a graph a value has one name",
                instead=f"leave this definition out, and write {other} for {name}",
            )
        node = value.named(name)
        self.definitions[name] = node
        self.labels[node] = name
        return node

    def _expression(self, tokens: list[Token]) -> Node:
        """Read one expression and the end after it."""
        self.values, self.waiting = [], []
        after_value = False
        for place, token in enumerate(tokens):
            before = tokens[max(place - 1, 0)]
            if after_value:
                after_value = self._after_value(token, before)
            elif token.kind == "name" and tokens[place + 1].text == "(":
                check_function(token, is_value=token.text in self.inputs or token.text in self.heads)
            else:
                after_value = self._before_value(token, before)
        return self.values[0]

    def _innermost(self) -> _Group | None:
        return next((each for each in reversed(self.waiting) if isinstance(each, _Group)), None)

    def _before_value(self, token: Token, before: Token) -> bool:
        """Read a token where a value is expected, and say whether it completes one."""
        if token.kind == "number":
            self.values.append(_number(token))
        elif token.kind == "name":
            self.values.append(self._named(token))
        elif token.text == "(":
            called = before if before.kind == "name" else None
            self.waiting.append(_Group(token, called, len(self.values)))
            return False
        elif token.text in ("+", "-"):
            self.waiting.append(_Operator(token, _SIGN, sign=True))
            return False
        elif token.text == ")" and before.text == "(":
            group = self._innermost()
            if group is None or group.name is None:
                raise before.fail("nothing stands between these parentheses", instead="write a value between them")
            self._close(group)
        else:
            raise self._no_value(token, before)
        return True

    def _no_value(self, token: Token, before: Token) -> ParseError:
        """Say what is wrong with a token that stands where a value is expected."""
        group = self._innermost()
        if token.kind == "end" and group and before.text in ("(", ","):
            return _unclosed(group)
        if token.text == ")" and group is None:
            return _unopened(token)
        if token.text in _OPERATORS:
            return token.fail(f"a value is missing before {token.written}", instead="write a name or a number there")
        if before.text in _OPERATORS:
            return before.fail(f"nothing follows {before.written}", instead="write a name or a number after it")
        comma = token if token.text == "," else before
        if group is None or group.name is None:
            return _comma(comma)
        return comma.fail("an argument is missing beside this comma", instead=f"write {usage(group.name.text)}")

    def _named(self, token: Token) -> Node:
        """Return the node of a name: what it was defined as, or else an input."""
        name = token.text
        if name in FUNCTIONS:
            raise token.fail(f"{name} is a function, not a value", instead=f"write {usage(name)}")
        if name in self.definitions:
            self.used.add(name)
            return self.definitions[name]
        if name == self.current:
            raise token.fail(
                f"{name} is defined by itself",
                why="a value cannot be computed from itself",
                instead="give the new value a name of its own",
            )
        if name in self.heads:
            raise token.fail(f"{name} is used before it is defined", instead=f"define {name} further up")
        if name not in self.inputs:
            self.inputs[name] = input(name)
            self.labels[self.inputs[name]] = name
        return self.inputs[name]

    def _after_value(self, token: Token, before: Token) -> bool:
        """Read a token that follows a value, and say whether a value is complete after it."""
        if token.text in _OPERATORS:
            self._operator(token)
            return False
        if token.kind in ("number", "name") or token.text == "(":
            raise _no_operator(token, before)
        self._build(_COMPARE)
        group = self._innermost()
        if token.kind == "end":
            if group:
                raise _unclosed(group)
            return True
        if token.text == ")":
            if group is None:
                raise _unopened(token)
            self._close(group)
            return True
        if group is None or group.name is None:
            raise _comma(token)
        return False

    def _operator(self, token: Token) -> None:
        """Let an operator wait for its second value, and build those before it that bind as tightly."""
        precedence, _ = _OPERATORS[token.text]
        # A power waits for the powers behind it: 2^3^2 is 2^(3^2). A comparison would be chained.
        self._build(precedence + 1 if precedence in (_COMPARE, _POWER) else precedence)
        last = self.waiting[-1] if self.waiting else None
        if precedence == _COMPARE and isinstance(last, _Operator):
            raise token.fail(
                "comparisons cannot be chained",
                why=f"what stands before {token.written} is true or false, and no number",
                instead="write logical_and(x < y, y < z)",
            )
        self.waiting.append(_Operator(token, precedence))

    def _build(self, precedence: int) -> None:
        """Build what waits and binds at least so tightly, back to the innermost parenthesis."""
        while self.waiting:
            last = self.waiting[-1]
            if isinstance(last, _Group) or last.precedence < precedence:
                return
            self.waiting.pop()
            second = self.values.pop()
            if last.sign:
                _check_number(last.token, second, "after")
                self.values.append(second if last.token.text == "+" else _minus(second))
                continue
            first = self.values.pop()
            _check_number(last.token, first, "before")
            _check_number(last.token, second, "after")
            self.values.append(_OPERATORS[last.token.text][1](first, second))

    def _close(self, group: _Group) -> None:
        """Close the innermost parenthesis, and call the function before it, if there is one."""
        self.waiting.pop()
        if group.name is None:
            return
        arguments = self.values[group.values :]
        del self.values[group.values :]
        self.values.append(call_function(group.name, arguments))


def _number(token: Token) -> Constant:
    value = float(token.text)
    if math.isinf(value) or (value == 0 and any(digit in "123456789" for digit in token.text.lower().split("e")[0])):
        raise token.fail(
            f"{token.written} is {'larger' if value else 'smaller'} than a float64 can be",
            instead="write a number whose size is between 1e-300 and 1e300",
        )
    return constant(value)


def _minus(value: Node) -> Node:
    """Change a sign: -2 is a number like 2, so that x^-2 has a constant exponent."""
    if isinstance(value, Constant) and value.name is None:
        return constant(-float(value.value))
    return ops.negative(value)


def _check_number(operator: Token, value: Node, side: str) -> None:
    if value.dtype == "bool":
        raise operator.fail(
            f"{operator.written} takes numbers; what stands {side} it is true or false",
            instead="write where(x > 0, 1, 0) in place of x > 0",
        )


def _no_operator(token: Token, before: Token) -> ParseError:
    what = f"an operator is missing before {token.written}"
    if token.kind == before.kind == "number":
        return token.fail(what, instead="write one number without blanks, or an operator between two")
    left = "(...)" if before.text == ")" else before.written
    right = "(...)" if token.text == "(" else token.written
    return token.fail(what, instead=f"write {left}*{right} to multiply")


def _unclosed(group: _Group) -> ParseError:
    return group.token.fail("this parenthesis is never closed", instead="write the ) that belongs to it")


def _unopened(token: Token) -> ParseError:
    return token.fail("this parenthesis was never opened", instead="leave it out, or write the ( that belongs to it")


def _comma(token: Token) -> ParseError:
    return token.fail(
        "a comma stands only between the arguments of a function",
        instead="write 3.5 with a point, and ; between two definitions",
    )


def _heads(statements: list[list[Token]]) -> dict[str, Token]:
    """Return the names that a formula defines, in order, each where it is defined."""
    heads: dict[str, Token] = {}
    for tokens in statements:
        head, name = tokens[0], tokens[0].text
        defines = head.kind == "name" and tokens[1].text == "="
        stray = next((token for token in tokens[2 * defines :] if token.text == "="), None)
        if stray:
            raise stray.fail(
                "= stands only after the one name that a line defines",
                instead="write == to compare, or define y = x**2",
            )
        if not defines:
            continue
        if name in FUNCTIONS:
            raise head.fail(f"{name} is a function", instead=f"give the value another name, such as {name}1")
        if name in heads:
            raise head.fail(
                f"{name} is defined twice",
                why="a name stands for one value",
                instead=f"give the second value another name, such as {name}_2",
            )
        heads[name] = head
    return heads


def parse_formula(text: str) -> Formula:
    """Read a formula into a graph of float64; nothing is evaluated, and nothing but the table of functions is called.

    A formula has numbers (``1``, ``.5``, ``1e-3``), names (``x1``, ``θ``), ``+ - * /``, powers (``x**2`` or ``x^2``),
    comparisons (``<``, ``<=``, ``>``, ``>=``, ``==``, ``!=``), parentheses and calls. Several lines, or parts separated
    by ``;``, define names (``z = x*w``) for those after them; the last one is the result, with a name or without.

    The functions: abs, acos, add, asin, atan, ceil, clip, cos, cosh, divide, equal, erf, exp, expm1, floor, greater,
    greater_equal, leaky_relu, less, less_equal, log, log1p, logaddexp, logical_and, logical_not, logical_or,
    logical_xor, logsumexp, max, maximum, mean, min, minimum, multiply, negative, not_equal, pow, prod, relu, round,
    sigmoid, sign, silu, sin, sinh, softplus, softsign, sqrt, square, stop_gradient, subtract, sum, tan, tanh, where.

    Args:
        text: The formula.

    Returns:
        The node of the result, the inputs in order of appearance, and the nodes that the formula names.

    Raises:
        ParseError: If the text is no formula; the message shows the line, with carets under the mistake.

    Example:
        >>> formula = parse_formula("f1 = x1*θ1; f2 = x2*θ2; (f1 + f2) + θ3")
        >>> float(formula.output.evaluate({"x1": 3, "x2": -2, "θ1": 4, "θ2": 5, "θ3": 1}))
        3.0
        >>> formula.definitions["f1"]
        <multiply 'f1': float64[]>
    """
    statements = read_tokens(text)
    if not statements:
        raise ParseError("the formula is empty", instead="write one, such as sigmoid(x1*w1 + b)")
    reader = _Reader(_heads(statements))
    with precision("float64"):
        output = reader.read(statements)
    return Formula(output, reader.inputs, reader.definitions, text)
