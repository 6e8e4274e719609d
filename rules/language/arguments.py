"""The arguments of functions, read and checked one by one."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from chassis.core.errors import InvalidInput
from chassis.core.instants import parse_instant
from contracts.currencies import CURRENCIES
from rules.language.calendar import start_of
from rules.language.conditions import Condition
from rules.language.data import DataObject, Element, Field, Path, SequenceStep
from rules.language.errors import RuleError, suggestion
from rules.language.literal import parse_date
from rules.language.shop_checks import ShopChecks
from rules.language.syntax import Syntax
from rules.language.units import describe_duration, parse_duration
from rules.language.vocabulary import Argument, Vocabulary
from rules.language.windows import Window

_EVENT = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CURRENCY_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "dollar": "USD", "euro": "EUR"}
_NO_FIELD = (
    'a field\'s name stands without quotes, as in category, products.quantity or data["shoe size"]'
)

Conditions = Callable[[ast.expr, Vocabulary[Any], DataObject], Condition[Element]]
"""Compiles a condition on an object in the data of events."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """Reads the arguments of functions; `about` is the object in the data that they are about."""

    syntax: Syntax
    vocabulary: Vocabulary[Any]
    checks: ShopChecks
    conditions: Conditions

    def read(
        self, node: ast.expr, takes: Argument, name: str, example: str, about: DataObject
    ) -> Any:
        """The argument at `node`; RuleError if it is no such thing."""
        match takes:
            case Argument.CONDITION:
                argument: Any = self.conditions(node, self._data(), about)
            case Argument.FIELD:
                argument = self.field(node, about)
            case Argument.LIST | Argument.PATH:
                argument = self.path(node)
                self.checks.check_field(node, argument, about)
            case Argument.STEP:
                argument = self._step(node, name, example)
            case Argument.TRAIT:
                argument = self._trait(node, name, example)
            case Argument.SPAN:
                argument = self._span(node, name, example)
            case Argument.NUMBER:
                argument = self._number(node, name, example)
            case _:
                argument = self._text(node, takes, name, example)
        return argument

    def _number(self, node: ast.expr, name: str, example: str) -> int:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return node.value
        raise self._wrong(node, Argument.NUMBER, name, example)

    def path(self, node: ast.expr) -> Path:
        """The names of a path into the data of an event."""
        names: list[str] = []
        while isinstance(node, ast.Attribute | ast.Subscript):
            names.append(step_name(self.syntax, node))
            node = node.value
        if not isinstance(node, ast.Name):
            raise self.syntax.error(node, _NO_FIELD)
        if node.id != "data":
            names.append(node.id)
        elif not names:
            raise self.syntax.error(node, "data needs a name after it, as in data.category")
        return tuple(reversed(names))

    def field(self, node: ast.expr, about: DataObject) -> Field:
        """A field of an object in the data of events: a path, or an amount of money."""
        if isinstance(node, ast.Call):
            named = isinstance(node.func, ast.Name) and node.func.id == "amount"
            if not named or len(node.args) != 2 or node.keywords:
                raise self.syntax.error(
                    node, 'only amount(…) may stand here, as in amount(revenue, "USD")'
                )
            path = self.path(node.args[0])
            example = 'amount(revenue, "USD")'
            field = Field(path, self._text(node.args[1], Argument.CURRENCY, "amount", example))
        else:
            field = Field(self.path(node))
            if field.path[-1] in self._data().money_fields:
                text = self.syntax.segment(node)
                raise self.syntax.error(
                    node, f'{text} is an amount of money: write amount({text}, "USD")'
                )
        self.checks.check_field(node, field.path, about)
        return field

    def _step(self, node: ast.expr, name: str, example: str) -> SequenceStep:
        if not isinstance(node, ast.Call):
            return SequenceStep(self._text(node, Argument.EVENT, name, example))
        named = isinstance(node.func, ast.Name) and node.func.id == "event"
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if not named or len(node.args) != 1 or keywords.keys() - {"where"}:
            raise self.syntax.error(
                node, 'a step is an event type in quotes, or event("product_viewed", where=…)'
            )
        event = self._text(node.args[0], Argument.EVENT, "event", example)
        where = keywords.get("where")
        if where is None:
            return SequenceStep(event)
        return SequenceStep(event, self.conditions(where, self._data(), DataObject(event)))

    def _trait(self, node: ast.expr, name: str, example: str) -> Path:
        names: list[str] = []
        inner = node
        while isinstance(inner, ast.Attribute | ast.Subscript):
            names.append(step_name(self.syntax, inner))
            inner = inner.value
        if not names or not isinstance(inner, ast.Name) or inner.id != "traits":
            raise self._wrong(node, Argument.TRAIT, name, example)
        path = tuple(reversed(names))
        self.checks.check_date(node, path)
        return path

    def _span(self, node: ast.expr, name: str, example: str) -> Window:
        ends = node.elts if isinstance(node, ast.Tuple | ast.List) else []
        texts = [end.value for end in ends if isinstance(end, ast.Constant)]
        if len(ends) != 2 or len(texts) != 2 or not all(isinstance(each, str) for each in texts):
            raise self._wrong(node, Argument.SPAN, name, example)
        first, second = (str(text) for text in texts)
        try:
            if len(first) <= len("36500d") and len(second) <= len("36500d"):
                return _ago_between(parse_duration(first), parse_duration(second))
            begin, end = self._moment(first), self._moment(second, ends=True)
        except ValueError as error:
            raise self.syntax.error(node, str(error)) from None
        if begin >= end:
            raise self.syntax.error(node, "the first date has to come before the second")
        return Window(since=begin, before=end, words=f" between {first} and {second}")

    def _moment(self, text: str, ends: bool = False) -> int:
        """The instant in a text: of a date the beginning of that day, or its end."""
        if len(text) == len("2026-11-21"):
            day = parse_date(text).toordinal() + ends
            return start_of(min(day, date.max.toordinal()), self.checks.shop.zone)
        try:
            return parse_instant(text)
        except InvalidInput as error:
            message = f'"{text}" {error.message}, or a date such as "2026-11-21"'
            raise ValueError(message) from None

    def _text(self, node: ast.expr, takes: Argument, name: str, example: str) -> Any:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            raise self._wrong(node, takes, name, example)
        text = node.value
        try:
            if takes is Argument.DURATION:
                return parse_duration(text)
            if takes is Argument.MOMENT:
                return Window(since=self._moment(text), words=f" since {text}")
        except ValueError as error:
            raise self.syntax.error(node, str(error)) from None
        if takes is Argument.CURRENCY and text not in CURRENCIES:
            raise self.syntax.error(
                node, f'"{text}" is not an ISO 4217 currency code{_suggest_currency(text)}'
            )
        if takes is Argument.EVENT:
            self._check_event(node, text)
        if takes is Argument.PURPOSE:
            self.checks.check_purpose(node, text)
        if takes is Argument.CATEGORY:
            self.checks.check_category(node, text)
        if takes is Argument.CURRENCY:
            self.checks.check_currency(node, text)
        if takes is Argument.MODEL and text not in self.vocabulary.models:
            models = ", ".join(f'"{model}"' for model in sorted(self.vocabulary.models))
            raise self.syntax.error(node, f'"{text}" has no percentile: write one of {models}')
        if not text:
            raise self.syntax.error(node, f"{name} takes {takes.value}")
        return text

    def _check_event(self, node: ast.expr, text: str) -> None:
        event_types = self.vocabulary.event_types
        if _EVENT.fullmatch(text) is None:
            snake = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
            hint = suggestion(snake, event_types) or ", such as order_completed"
            raise self.syntax.error(
                node, f'"{text}" is not an event type: they are snake_case{hint}'
            )
        if text not in event_types:
            self.checks.check_event_type(node, text, event_types)

    def window(self, options: dict[str, Any], node: ast.Call) -> Window:
        """The window of within=, since= or between=, of which there may be one; these are taken."""
        given = [name for name in ("within", "since", "between") if name in options]
        if len(given) > 1:
            raise self.syntax.error(node, f"{given[0]}= and {given[1]}= do not go together")
        if not given:
            return Window()
        value = options.pop(given[0])
        return value if isinstance(value, Window) else within(value)

    def _data(self) -> Vocabulary[Any]:
        return self.vocabulary.data or self.vocabulary

    def _wrong(self, node: ast.expr, takes: Argument, name: str, example: str) -> RuleError:
        write = f": write {example}" if example else ""
        return self.syntax.error(node, f"{name} takes {takes.value}{write}")


def step_name(syntax: Syntax, node: ast.Attribute | ast.Subscript) -> str:
    """The name that one step of a path adds."""
    if isinstance(node, ast.Attribute):
        return node.attr
    name = node.slice.value if isinstance(node.slice, ast.Constant) else None
    if isinstance(name, str) and name:
        return name
    message = 'square brackets take a name in quotes: traits["shoe size"]'
    if isinstance(name, int) and not isinstance(name, bool):
        message = 'a list is asked as a whole, as in any(products, category == "running")'
    raise syntax.error(node, message)


def within(duration: int) -> Window:
    """The window of `within=`."""
    return Window(duration, words=f" in the last {describe_duration(duration)}")


def _ago_between(first: int, second: int) -> Window:
    if first <= second:
        raise ValueError('write the longer time ago first, as in ("60d", "30d")')
    words = f" between {describe_duration(first)} and {describe_duration(second)} ago"
    return Window(first, second, words=words)


def _suggest_currency(text: str) -> str:
    if text.upper() in CURRENCIES:
        return f"; did you mean {text.upper()}?"
    code = _CURRENCY_SIGNS.get(text.lower().removesuffix("s"))
    return f"; did you mean {code}?" if code else ', such as "USD"'
