"""Where a text that is no expression lacks something: a sign between two values, or a value."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator

_JOINS = frozenset({"and", "or", "in", "is"})
_BEFORE_VALUES = frozenset({"not", "-", "+", "~", "*", "**"})
_VALUES = frozenset({tokenize.NAME, tokenize.NUMBER, tokenize.STRING})
_LAYOUT = frozenset(
    {
        tokenize.COMMENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
        tokenize.INDENT,
        tokenize.NEWLINE,
        tokenize.NL,
    }
)
_SIGNS = frozenset({"==", "!=", "<", "<=", ">", ">=", "=", "/", "%", ",", *_JOINS})


def gap_in(text: str) -> tuple[str, int] | None:
    """What is missing in a text that is no expression, and its offset."""
    before = ""  # the sign or the opening bracket after which a value has to come; "" at the start
    value = ""  # the value that has just ended
    for word, is_value, offset in _words(text):
        if is_value:
            if value:
                return f"{word} cannot follow {value}: write and, or, or a comparison", offset
            value = word
        elif word in _BEFORE_VALUES or word in ("(", "["):
            before, value = word, ""
        elif word in (")", "]"):
            if not value and before not in ("(", "[", ","):
                return f"something is missing before {word}", offset
            value = word
        elif word in _SIGNS:
            if not value and (word, before) != ("in", "not"):
                return f"something is missing before {word}", offset
            before, value = word, ""
        else:
            return None
    if not value and before in _SIGNS | _BEFORE_VALUES:
        return f"something is missing after {before}", len(text.rstrip())
    return None


def _words(text: str) -> Iterator[tuple[str, bool, int]]:
    """Each word with whether it is a name or a fixed value, and its offset, as far as it goes."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type not in _LAYOUT:
                is_word = token.string in _JOINS or token.string in _BEFORE_VALUES
                row, column = token.start
                yield token.string, token.type in _VALUES and not is_word, starts[row - 1] + column
    except (tokenize.TokenError, IndentationError):
        return
