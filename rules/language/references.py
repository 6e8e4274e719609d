"""References: the names, paths and calls of a rule, looked up in a vocabulary."""

from __future__ import annotations

import ast
import re
from typing import Any, Generic

from contracts.currencies import CURRENCIES
from rules.language.errors import RuleError, suggestion
from rules.language.literal import Literal, read_literal
from rules.language.syntax import Syntax
from rules.language.terms import F, Term
from rules.language.units import parse_duration
from rules.language.vocabulary import Argument, Function, Namespace, Vocabulary

_EVENT = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CURRENCY_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "dollar": "USD", "euro": "EUR"}

_REFUSALS: tuple[tuple[tuple[type[ast.expr], ...], str], ...] = (
    ((ast.BinOp, ast.UnaryOp), "a rule cannot calculate: write the number itself"),
    (
        (ast.Compare, ast.BoolOp),
        "put a comparison on each side of and, or; it cannot be compared itself",
    ),
    ((ast.JoinedStr,), "write a plain text in quotes"),
    ((ast.IfExp,), 'there is no if: use "and" and "or"'),
    ((ast.NamedExpr,), "write == to compare"),
    (
        (ast.List, ast.Tuple, ast.Set),
        "a list goes after in, as in x in [1, 2]; join conditions with and or or",
    ),
)


class References(Generic[F]):
    """Finds what the words of a rule stand for; `warnings` collects likely slips."""

    def __init__(self, syntax: Syntax, vocabulary: Vocabulary[F]) -> None:
        self.warnings: list[str] = []
        self._syntax = syntax
        self._words = vocabulary

    def operand(self, node: ast.expr) -> Term[F] | Literal:
        """The term or the literal at `node`; RuleError if it is neither."""
        literal = read_literal(self._syntax, node)
        if literal is not None:
            return literal
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Attribute | ast.Subscript):
            return self._path(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        raise self._error(node, _refusal(node))

    def _name(self, node: ast.Name) -> Term[F]:
        term = self._words.names.get(node.id)
        if term is not None:
            return term
        if node.id in self._words.namespaces:
            raise self._error(node, f"{node.id} needs a name after it, as in {node.id}.something")
        if node.id in self._words.functions:
            example = self._words.functions[node.id].example
            raise self._error(node, f"{node.id} needs brackets: write {example}")
        raise self._unknown(node, node.id)

    def _path(self, node: ast.Attribute | ast.Subscript) -> Term[F]:
        path: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute | ast.Subscript):
            path.append(self._step(inner))
            inner = inner.value
        if not isinstance(inner, ast.Name):
            raise self._error(inner, "a dot goes after a name, as in traits.loyalty_tier")
        names = tuple(reversed(path))
        space = self._words.namespaces.get(inner.id)
        if space is None:
            if inner.id in self._words.names and inner.id == "segments":
                raise self._error(node, f'write "{names[0]}" in segments')
            if inner.id in self._words.names:
                raise self._error(node, f"{inner.id} has no parts")
            raise self._unknown(inner, inner.id)
        return self._field(node, inner.id, space, names)

    def _field(
        self, node: ast.expr, root: str, space: Namespace[F], path: tuple[str, ...]
    ) -> Term[F]:
        if space.open is not None:
            return space.open(path)
        name = path[0]
        term = space.fields.get(name)
        if term is None:
            if name in space.hints:
                raise self._error(node, space.hints[name])
            fields = ", ".join(sorted(space.fields))
            close = suggestion(name, space.fields) or f"; it has {fields}"
            raise self._error(node, f"{root} has no {name}{close}")
        if len(path) > 1:
            raise self._error(node, f"{root}.{name} has no parts")
        return term

    def _step(self, node: ast.Attribute | ast.Subscript) -> str:
        if isinstance(node, ast.Attribute):
            return node.attr
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            return node.slice.value
        raise self._error(node, 'square brackets take a name in quotes: traits["shoe size"]')

    def _call(self, node: ast.Call) -> Term[F]:
        if not isinstance(node.func, ast.Name):
            raise self._error(node, "only the named functions can be called")
        name = node.func.id
        function = self._words.functions.get(name)
        if function is None:
            if name in self._words.names or name in self._words.namespaces:
                raise self._error(node, f"{name} is not a function: leave out the brackets")
            raise self._unknown(node, name)
        arguments: list[Any] = []
        if len(node.args) != (function.takes is not None):
            wants = "takes nothing" if function.takes is None else f"takes {function.takes.value}"
            where = node.args[-1] if node.args else node
            raise self._error(where, f"{name} {wants}: write {function.example}")
        if function.takes is not None:
            arguments.append(self._argument(node.args[0], function.takes, name, function))
        return function.make(*arguments, **self._window(node, name, function))

    def _window(self, node: ast.Call, name: str, function: Function[F]) -> dict[str, int]:
        window: dict[str, int] = {}
        for keyword in node.keywords:
            if keyword.arg != "within" or not function.within:
                wrong = f"{keyword.arg}=" if keyword.arg else "**"
                raise self._error(keyword.value, f"{name} has no {wrong}: write {function.example}")
            argument = self._argument(keyword.value, Argument.DURATION, "within=", function)
            window["within"] = int(argument)
        return window

    def _argument(
        self, node: ast.expr, takes: Argument, name: str, function: Function[F]
    ) -> str | int:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            raise self._error(node, f"{name} takes {takes.value}: write {function.example}")
        text = node.value
        if takes is Argument.DURATION:
            try:
                return parse_duration(text)
            except ValueError as error:
                raise self._error(node, str(error)) from None
        if takes is Argument.CURRENCY and text not in CURRENCIES:
            raise self._error(
                node, f'"{text}" is not an ISO 4217 currency code{_suggest_currency(text)}'
            )
        if takes is Argument.EVENT:
            self._check_event(node, text)
        if not text:
            raise self._error(node, f"{name} takes {takes.value}")
        return text

    def _check_event(self, node: ast.expr, text: str) -> None:
        event_types = self._words.event_types
        if _EVENT.fullmatch(text) is None:
            snake = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
            hint = suggestion(snake, event_types) or ", such as order_completed"
            raise self._error(node, f'"{text}" is not an event type: they are snake_case{hint}')
        close = "" if text in event_types else suggestion(text, event_types)
        if close:
            warning = self._error(node, f'no shipped event type is called "{text}"{close}')
            self.warnings.append(str(warning))

    def _unknown(self, node: ast.expr, word: str) -> RuleError:
        hint = self._words.hints.get(word.lower())
        close = f"; {hint}" if hint else suggestion(word, self._words.words())
        if not close:
            close = f"; there are {', '.join(self._words.words())}"
        return self._error(node, f"nothing is called {word}{close}")

    def _error(self, node: ast.AST, message: str) -> RuleError:
        return self._syntax.error(node, message)


def _suggest_currency(text: str) -> str:
    if text.upper() in CURRENCIES:
        return f"; did you mean {text.upper()}?"
    code = _CURRENCY_SIGNS.get(text.lower().removesuffix("s"))
    return f"; did you mean {code}?" if code else ', such as "USD"'


def _refusal(node: ast.expr) -> str:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
        return 'write "and" or "or" instead of & and |'
    for kinds, message in _REFUSALS:
        if isinstance(node, kinds):
            return message
    return "this is not part of the rule language"
