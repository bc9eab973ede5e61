"""The words of a formula: numbers, names and signs, each knowing where it stands.

A formula is cut into statements, one a line or separated by ``;``, and each statement into tokens. Names are letters of
any script, digits and ``_``, normalised as Python does it (NFKC), so that ``x₁`` is ``x1`` and a micro sign is a Greek
mu. Signs that look alike on paper are one sign here: ``×`` and ``·`` multiply, ``^`` is ``**``. A mistake becomes a
``ParseError`` that shows the line with carets under what is wrong. Nothing here knows what a formula means.
"""

import re
import unicodedata
from dataclasses import dataclass

from backlit.errors import ParseError

__all__ = ["LONGEST", "Line", "Token", "read_tokens"]

LONGEST = 200_000
"""The largest number of characters of a formula."""

_LONGEST_WORD = 100  # characters of a name or a number

_SHOWN = 60  # columns of a line that a message shows, so that it fits a terminal with its label before it

_NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"

_SIGNS = {
    **{sign: sign for sign in ("**", "==", "!=", "<=", ">=", "+", "-", "*", "/", "<", ">", "=", "(", ")", ",", ";")},
    **dict.fromkeys("×·⋅∙∗", "*"),
    "^": "**",
    "−": "-",
    "÷": "/",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
}
"""What each sign means."""

_STRAYS = {
    "=<": "write <= for at most",
    "=>": "write >= for at least",
    ":=": "write = to define a name",
    "//": "write floor(x/y)",
    "&&": "write logical_and(x > 0, y > 0)",
    "||": "write logical_or(x > 0, y > 0)",
    "&": "write logical_and(x > 0, y > 0)",
    "|": "write abs(x) for the absolute value",
    "!": "write != for different, and logical_not(x > 0) for not",
    "'": "a name is made of letters, digits and _: write x_prime",
    "′": "a name is made of letters, digits and _: write x_prime",
    "’": "a name is made of letters, digits and _: write x_prime",
    '"': "write names and numbers without quotation marks",
    "[": "write ( and ); every name is a single number",
    "]": "write ( and ); every name is a single number",
    "{": "write ( and )",
    "}": "write ( and )",
    "@": "write *; every name is a single number",
    "%": "write x/100 for percent",
    ":": "write / to divide, and = to define a name",
    "#": "leave comments out",
    "\\": "write names and functions without a backslash: theta or θ, sqrt(x), exp(x)",
    "√": "write sqrt(x)",
    "∑": "write sum(x, y), or x + y",
    "–": "write the minus sign -",
    "—": "write the minus sign -",
}
"""What to write instead of what people try."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a formula, for messages.

    Args:
        text: The line.
        number: Which line it is, from 1; 0 where it is the only one.

    Example:
        >>> read_tokens("a = x; a + 1")[1][0].line
        Line(text='a = x; a + 1', number=0)
    """

    text: str
    number: int = 0

    def fail(self, what: str, start: int, length: int = 1, *, why: str = "", instead: str = "") -> ParseError:
        """Return an error that shows the line with carets under a part of it.

        Args:
            what: What is wrong.
            start: The index of the first character to blame.
            length: The number of characters to blame.
            why: Why it is wrong.
            instead: What to write instead.

        Returns:
            The error, to be raised.

        Example:
            >>> print(Line("x1 $ w1").fail("'$' has no meaning here", 3))
            '$' has no meaning here
                x1 $ w1
                   ^
        """
        shown, carets = _excerpt(self.text, start, max(length, 1))
        place = f"line {self.number}: " if self.number else ""
        return ParseError(f"{place}{what}\n    {shown}\n    {carets}", why=why, instead=instead)


def _excerpt(text: str, start: int, length: int) -> tuple[str, str]:
    """Return what fits of a line around a place, and carets under that place, aligned in a terminal."""
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())
    if last - first > _SHOWN:
        first = max(first, min(start - _SHOWN // 2, last - _SHOWN))
        last = min(last, first + _SHOWN)
    before = "…" if text[:first].strip() else ""
    after = "…" if text[last:].strip() else ""
    shown = "".join(_visible(character) for character in text[first:last])
    blank = len(before) + sum(_columns(character) for character in text[first:start])
    carets = max(1, sum(_columns(character) for character in text[start : min(start + length, last)]))
    return before + shown + after, " " * blank + "^" * carets


def _visible(character: str) -> str:
    """Return a character that can be printed without moving or steering anything."""
    return character if character.isprintable() else " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


def _columns(character: str) -> int:
    """Return how many columns a character takes in a terminal."""
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


@dataclass(frozen=True, slots=True)
class Token:
    """A number, a name or a sign of a formula.

    Args:
        kind: ``number``, ``name``, ``sign``, or ``end`` after the last token of a statement.
        text: What it means: the normalised name, the sign that it stands for.
        written: What was written.
        line: The line it stands in.
        start: The index of its first character there.

    Example:
        >>> token = read_tokens("a × b")[0][1]
        >>> token.kind, token.text, token.written, token.start
        ('sign', '*', '×', 2)
    """

    kind: str
    text: str
    written: str
    line: Line
    start: int

    def fail(self, what: str, *, why: str = "", instead: str = "") -> ParseError:
        """Return an error that shows the line with carets under this token.

        Args:
            what: What is wrong.
            why: Why it is wrong.
            instead: What to write instead.

        Returns:
            The error, to be raised.

        Example:
            >>> print(read_tokens("x + 2 y")[0][3].fail("an operator is missing", instead="write 2*y"))
            an operator is missing
                x + 2 y
                      ^
              instead: write 2*y
        """
        return self.line.fail(what, self.start, len(self.written), why=why, instead=instead)


def read_tokens(text: str) -> list[list[Token]]:
    """Cut a formula into statements, and each statement into tokens, the last of which is its end.

    Args:
        text: The formula.

    Returns:
        The statements that are not empty.

    Raises:
        ParseError: If the text is no text, too long, or holds a character that has no meaning in a formula.

    Example:
        >>> [[token.text for token in statement] for statement in read_tokens("z = 2·x₁; z^2")]
        [['z', '=', '2', '*', 'x1', ''], ['z', '**', '2', '']]
    """
    if not isinstance(text, str):
        raise ParseError(f"a formula is text; received {text!r:.60}", instead='write "sigmoid(x1*w1 + b)"')
    if len(text) > LONGEST:
        raise ParseError(
            f"the formula has {len(text):,} characters; at most {LONGEST:,} are read",
            why="what is as long as that was written by a program",
            instead="build the graph in Python, from bl.input and operators",
        )
    lines = text.splitlines()
    numbered = sum(1 for line in lines if line.strip()) > 1
    statements: list[list[Token]] = []
    for number, content in enumerate(lines, start=1):
        statement: list[Token] = []
        for token in _line_tokens(Line(content, number if numbered else 0)):
            if token.text not in (";", ""):
                statement.append(token)
            elif statement:
                statements.append([*statement, Token("end", "", "", token.line, token.start)])
                statement = []
    return statements


def _line_tokens(line: Line) -> list[Token]:
    """Cut a line into tokens; after the last one comes the end of the line."""
    tokens: list[Token] = []
    place = 0
    while place < len(line.text):
        if line.text[place].isspace():
            place += 1
            continue
        token = _token(line, place)
        tokens.append(token)
        place += len(token.written)
    return [*tokens, Token("end", "", "", line, len(line.text))]


def _token(line: Line, start: int) -> Token:
    number = re.compile(_NUMBER).match(line.text, start)
    stop = number.end() if number else start
    while not number and stop < len(line.text) and _is_part_of_name(line.text[stop], first=stop == start):
        stop += 1
    if stop - start > _LONGEST_WORD:
        what = f"this {'number' if number else 'name'} has {stop - start:,} characters"
        raise line.fail(
            what, start, stop - start, why=f"at most {_LONGEST_WORD} are read", instead="write a shorter one"
        )
    written = line.text[start:stop]
    if number:
        return Token("number", written, written, line, start)
    if written:
        return Token("name", unicodedata.normalize("NFKC", written), written, line, start)
    for length in (2, 1):
        sign = line.text[start : start + length]
        if sign in _SIGNS:
            return Token("sign", _SIGNS[sign], sign, line, start)
        if sign in _STRAYS:
            raise line.fail(f"{sign} has no meaning in a formula", start, length, instead=_STRAYS[sign])
    raise _unknown(line, start)


def _is_part_of_name(character: str, *, first: bool) -> bool:
    """Say whether a character may stand in a name.

    Superscripts may not, which are powers, nor may the dot ``·``, which multiplies (in Python it is part of a name).
    """
    plain = unicodedata.normalize("NFKC", character)
    allowed = plain.isidentifier() if first else f"_{plain}".isidentifier()
    return allowed and plain not in _SIGNS and not unicodedata.decomposition(character).startswith("<super>")


def _unknown(line: Line, start: int) -> ParseError:
    character = line.text[start]
    plain = unicodedata.normalize("NFKC", character)
    instead = "write names, numbers, + - * / ^, parentheses and functions"
    if plain != character and plain.isascii() and not plain.isspace():
        is_power = unicodedata.decomposition(character).startswith("<super>")
        instead = f"write a power with ^: x^{plain}" if is_power else f"write {plain}"
    shown = character if character.isprintable() else f"the invisible character U+{ord(character):04X}"
    return line.fail(f"{shown} has no meaning in a formula", start, instead=instead)
