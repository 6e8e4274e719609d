"""The text of a rule as a bounded syntax tree whose nodes know their places."""

from __future__ import annotations

import ast
import re
import unicodedata
import warnings
from collections.abc import Iterator
from itertools import pairwise

from rules.language.errors import RuleError
from rules.language.gaps import gap_in
from rules.language.prose import prose_in
from rules.language.slips import bare, comma_in, slip_in

MOST_CHARACTERS = 2_000
_JOINERS = "\u200c\u200d"  # within words of some scripts, and within emoji
MOST_PARTS = 250
DEEPEST = 20

_TEXT = re.compile(
    r'''(?P<quote>"""|\'\'\'|"|')(?:(?!(?P=quote)).)*(?P=quote)''',
    re.DOTALL,
)

# How the language writes comparisons by their order or equality, and calculations.
SIGNS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "==",
    ast.IsNot: "!=",
}
CALCULATIONS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}


class Syntax:
    """A parsed rule: the root of its tree, the texts and the places of the parts.

    The text is parsed between brackets on lines of their own, so that it may have line breaks
    anywhere, and comments.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines = text.split("\n")
        self.root = self._parse()

    def error(self, node: ast.AST, message: str) -> RuleError:
        """A RuleError at the place of `node`."""
        line: int = getattr(node, "lineno", 2) - 1
        return self._error_at(message, line, self._column(line, getattr(node, "col_offset", 0)))

    def segment(self, node: ast.expr) -> str:
        """The text of `node`, its spaces and line breaks as one space each."""
        lines = [line.encode() for line in self._lines]
        first, last = node.lineno - 2, (node.end_lineno or node.lineno) - 2
        part = lines[first : last + 1]
        part[-1] = part[-1][: node.end_col_offset]
        part[0] = part[0][node.col_offset :]
        return " ".join(b" ".join(part).decode().split())

    def _parse(self) -> ast.expr:
        if not self.text.strip():
            raise RuleError("the rule is empty", 1, 1)
        if len(self.text) > MOST_CHARACTERS:
            raise RuleError(f"a rule has at most {MOST_CHARACTERS} characters", 1, 1)
        self._check_characters()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                root = ast.parse(f"(\n{self.text}\n)", mode="eval").body
        except SyntaxError as error:
            raise self._rule_error(error) from None
        except (  # pragma: no cover - which texts do that differs between versions of Python
            ValueError,
            OverflowError,
            MemoryError,
            RecursionError,
            Warning,
        ):
            raise RuleError("this is not an expression that can be read", 1, 1) from None
        self._check_bounds(root)
        self._check_slips_of_python(root)
        return root

    def _check_characters(self) -> None:
        """Refuse what nobody can see, but within quotes, where a name of the shop may have it."""
        for offset, (character, outside) in enumerate(zip(self.text, bare(self.text), strict=True)):
            if character != "\\" and (character.isprintable() or character in "\t\r\n"):
                continue
            is_space = unicodedata.category(character) == "Zs"
            if not outside.strip() and character != outside and (is_space or character in _JOINERS):
                continue
            if is_space:
                message = f"write a plain space: this is the character {character!a}"
            else:
                message = f"the character {character!a} is not allowed in a rule"
            raise self._error_at_offset(message, offset)

    def _check_slips_of_python(self, root: ast.expr) -> None:
        """Refuse what Python reads in another way than people do."""
        if root.lineno < 2 and isinstance(root, ast.Tuple) and not root.elts:
            raise RuleError("the rule is empty", 1, 1)
        for node in ast.walk(root):
            if isinstance(node, ast.Call):
                names = [keyword.arg for keyword in node.keywords]
                for keyword in node.keywords:
                    if names.count(keyword.arg) > 1:
                        raise self.error(keyword.value, f"{keyword.arg}= is given more than once")
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                quotes = [text["quote"] for text in _TEXT.finditer(self.segment(node))]
                # Where the quotes differ, it is a text that has quotes, as rule_text writes it.
                if any(one == other for one, other in pairwise(quotes)):
                    raise self.error(
                        node, 'put a comma between two texts, as in ["gold", "silver"]'
                    )

    def _check_bounds(self, root: ast.expr) -> None:
        count, level = 0, [root]
        depth = 0
        while level:
            count += len(level)
            depth += 1
            below = [part for node in level for part in _parts(node)]
            if depth > DEEPEST and below:
                raise self.error(below[0], f"brackets and nots nest deeper than {DEEPEST} levels")
            if count > MOST_PARTS:
                raise self.error(level[0], f"the rule has more than {MOST_PARTS} parts; split it")
            level = below
        outside = root.lineno < 2 or (root.end_lineno or 0) > len(self._lines) + 1
        if outside and not isinstance(root, ast.Tuple | ast.GeneratorExp | ast.NamedExpr):
            raise RuleError("the brackets do not match", 1, 1)

    def _rule_error(self, error: SyntaxError) -> RuleError:
        lines = len(self._lines)
        line = min(max((error.lineno or 2) - 1, 1), lines)
        column = error.offset or 1
        if (error.lineno or 2) - 1 > lines:
            column = len(self._lines[-1]) + 1
        if slip := slip_in(self.text):
            return self._error_at_offset(*slip)
        if prose := prose_in(self.text):
            return self._error_at_offset(*prose)
        if gap := gap_in(self.text):
            return self._error_at_offset(*gap)
        message = error.msg or "this is not an expression"
        if "==" in message:
            message = "write == to compare; = is not a comparison"
        elif "never closed" in message or "unmatched" in message or "does not match" in message:
            message = "the brackets do not match"
        elif "string literal" in message:
            message = "a text has no closing quote"
        else:
            message = f"this is not an expression: {message}"
        return self._error_at(message, line, column)

    def _column(self, line: int, offset: int) -> int:
        """The column in characters, from 1, of the tree's offset in UTF-8 bytes."""
        if not 1 <= line <= len(self._lines):
            return 1
        return len(self._lines[line - 1].encode()[:offset].decode(errors="ignore")) + 1

    def comma_error(self) -> RuleError | None:
        """The error of a number with a comma, where the text has one."""
        slip = comma_in(self.text)
        return None if slip is None else self._error_at_offset(*slip)

    def place(self, node: ast.AST) -> tuple[int, int]:
        """The line and column of `node`, from 1."""
        error = self.error(node, "")
        return error.line, error.column

    def _error_at_offset(self, message: str, offset: int) -> RuleError:
        before = self.text[:offset]
        line = before.count("\n") + 1
        return self._error_at(message, line, offset - (before.rfind("\n") + 1) + 1)

    def _error_at(self, message: str, line: int, column: int) -> RuleError:
        line = min(max(line, 1), len(self._lines))
        column = min(max(column, 1), len(self._lines[line - 1]) + 1)
        return RuleError(message, line, column)


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    for part in ast.iter_child_nodes(node):
        inner = part.value if isinstance(part, ast.keyword) else part
        if isinstance(inner, ast.expr):
            yield inner
