"""The error of a rule that cannot be understood."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.core.suggest import nearest


class RuleError(Exception):
    """A rule is wrong: where (`line` and `column`, from 1), what, and what was probably meant."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message, line, column)
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


def meant(word: str, known: Iterable[str]) -> str:
    """A closing "; did you mean x?" when a known word is close, else nothing."""
    close = nearest(word, known)
    return f"; did you mean {close}?" if close else ""
