"""The error in a rule that cannot be compiled."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.core.suggest import nearest


class RuleError(Exception):
    """A rule is wrong: where (`line` and `column`, from 1), what, and a likely fix."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message, line, column)
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


def suggestion(word: str, words: Iterable[str]) -> str:
    """A closing "; did you mean x?" when one of `words` is close, else an empty text."""
    close = nearest(word, words)
    return f"; did you mean {close}?" if close else ""
