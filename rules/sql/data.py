"""Conditions on the data of events in SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rules.language.comparison import is_number
from rules.language.conditions import Condition, Constant, Every, Negation, Pair, Test
from rules.language.data import Element, Field, Path, Quantified
from rules.language.terms import F, Term
from rules.sql.dialects import Dialect
from rules.sql.names import Names, NotInSql

SQL_SIGNS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


class Source(NamedTuple):
    """A JSON value to ask about, and the currency around it, a text or NULL."""

    value: str
    currency: str


def logic(condition: Condition[F], comparison: Callable[[Condition[F]], str]) -> str:
    """A condition with its `and`, `or`, `not`; what it compares is as `comparison` writes it."""
    match condition:
        case Every(parts=parts, decisive=decisive):
            word = " OR " if decisive else " AND "
            return f"({word.join(logic(part, comparison) for part in parts)})"
        case Negation(part=part):
            return f"(NOT {logic(part, comparison)})"
        case Constant(value=value):
            return "(1 = 1)" if value else "(1 = 0)"
    return comparison(condition)


class DataConditions:
    """Writes conditions on the data of events; each is true or false, and never NULL."""

    def __init__(self, dialect: Dialect, names: Names) -> None:
        self._dialect = dialect
        self._names = names

    def of_event(self, column: str) -> Source:
        """The data of an event."""
        value = self._dialect.document(column)
        return Source(value, self._currency(value, "NULL"))

    def condition(self, condition: Condition[Element], source: Source) -> str:
        """Whether the condition holds."""

        def comparison(condition: Condition[Element]) -> str:
            match condition:
                case Test(term=term, sign=sign, values=values):
                    return self._test(term, sign, values, source)
                case Pair(left=left, right=right, sign=sign):
                    return self._pair(left, sign, right, source)
            raise NotInSql(condition.describe())  # pragma: no cover - there are no others

        return logic(condition, comparison)

    def path(self, source: Source, path: Path) -> str:
        """The JSON value at a path."""
        value = source.value
        for name in path:
            value = self._child(value, name)
        return value

    def values(self, source: Source, of: Field) -> tuple[list[str], str, str]:
        """Relations to join, the value in them at a field, and a condition on it.

        Lists on the way have all their members.
        """
        relations, conditions = [], []
        value, currency = source.value, "NULL"
        for name in (*of.path, None):
            relation, member, condition = self._dialect.each(value, self._names.alias())
            relations.append(relation)
            conditions.append(condition)
            value = member
            if name is not None:
                currency = self._currency(member, currency)
                value = self._child(member, name)
        if of.currency:
            conditions.append(f"{currency} = {self._names.bind(of.currency)}")
        return relations, value, " AND ".join(conditions)

    def _child(self, value: str, name: str) -> str:
        return self._dialect.child(value, self._names.bind(self._dialect.key(name)))

    def number(self, value: str, whole: bool = False) -> str:
        """The number in a JSON value, NULL if it is none."""
        found = f"{self._dialect.is_kind(value, 'number')}"
        if whole:
            found = f"{found} AND {self._dialect.whole(value)}"
        return f"(CASE WHEN {found} THEN {self._dialect.number(value)} END)"

    def text(self, value: str) -> str:
        """The text in a JSON value, NULL if it is none."""
        is_text = self._dialect.is_kind(value, "string")
        return f"(CASE WHEN {is_text} THEN {self._dialect.text(value)} END)"

    def compared(self, value: str, sign: str, fixed: Any) -> str:
        """Whether a JSON value compares with a fixed one."""
        dialect = self._dialect
        if fixed is None:
            missing = f"COALESCE({self._is_null(value)}, 1 = 1)"
            return missing if sign == "==" else f"(NOT {missing})"
        if isinstance(fixed, bool):
            text = dialect.is_kind(value, "true" if fixed else "false")
        elif is_number(fixed):
            text = f"{self.number(value)} {SQL_SIGNS[sign]} {_plain(fixed)}"
        else:
            text = f"{self.text(value)} {SQL_SIGNS[sign]} {self._names.bind(fixed)}"
        if sign == "!=":
            return f"(NOT {self.compared(value, '==', fixed)})"
        return f"COALESCE({text}, 1 = 0)"

    def contains(self, value: str, part: str) -> str:
        """Whether a JSON list has a text, or a JSON text contains it."""
        alias = self._names.alias()
        name = self._names.bind(part)
        member = f"{self.text(f'{alias}.value')} = {name}"
        members = self._dialect.members(value, alias)
        inside = self._dialect.contains(self.text(value), name)
        return f"(COALESCE({inside}, 1 = 0) OR EXISTS (SELECT 1 FROM {members} WHERE {member}))"

    def _is_null(self, value: str) -> str:
        return f"({value} IS NULL OR {self._dialect.is_kind(value, 'null')})"

    def _currency(self, value: str, around: str) -> str:
        named = self._child(value, "currency")
        return f"COALESCE({self.text(named)}, {around})"

    def _test(self, term: Term[Element], sign: str, values: Sequence[Any], source: Source) -> str:
        match term.meaning:
            case Field(currency=""):
                value = self.path(source, term.meaning.path)
                match sign:
                    case "":
                        return f"COALESCE({self._dialect.is_kind(value, 'true')}, 1 = 0)"
                    case "in":
                        choices = [self.compared(value, "==", fixed) for fixed in values]
                        return f"({' OR '.join(choices)})"
                    case "contains":
                        return self.contains(value, values[0])
                    case _:
                        return self.compared(value, sign, values[0])
            case Field() as of:
                return number_test(self._dialect, self._amount(source, of), sign, values)
            case Quantified() as quantified:
                holds = self._quantified(quantified, source)
                return holds if not values or values[0] is (sign == "==") else f"(NOT {holds})"
        raise NotInSql(term.label)

    def _pair(self, left: Term[Element], sign: str, right: Term[Element], source: Source) -> str:
        sides = []
        for term in (left, right):
            match term.meaning:
                case Field(currency="") as of if sign not in ("==", "!="):
                    sides.append(self.number(self.path(source, of.path)))
                case Field() as of if of.currency:
                    sides.append(self._amount(source, of))
                case _:
                    raise NotInSql(f"{left.label} {sign} {right.label}")
        return pair_test(sides[0], sign, sides[1])

    def _amount(self, source: Source, of: Field) -> str:
        """The amount at a field, NULL if it is in another currency."""
        around = self.path(source, of.path[:-1])
        currency = self._currency(around, source.currency)
        value = self._child(around, of.path[-1])
        right = f"{currency} = {self._names.bind(of.currency)}"
        return f"(CASE WHEN {right} THEN {self.number(value, whole=True)} END)"

    def _quantified(self, quantified: Quantified, source: Source) -> str:
        alias = self._names.alias()
        members = self._dialect.members(self.path(source, quantified.path), alias)
        value = f"{alias}.value"
        member = Source(value, self._currency(value, source.currency))
        holds = self.condition(quantified.condition, member)
        is_object = self._dialect.is_kind(value, "object")
        if quantified.word == "one":
            return f"EXISTS (SELECT 1 FROM {members} WHERE {is_object} AND {holds})"
        return f"(NOT EXISTS (SELECT 1 FROM {members} WHERE {is_object} AND NOT {holds}))"


def number_test(dialect: Dialect, number: str, sign: str, values: Sequence[Any]) -> str:
    """Whether a number that may be NULL compares with fixed ones."""
    if values[0] is None:
        return f"({number} IS {'NULL' if sign == '==' else 'NOT NULL'})"
    if sign in ("in", "!="):
        equal = [f"COALESCE({number} = {dialect.exact(value)}, 1 = 0)" for value in values]
        return f"({' OR '.join(equal)})" if sign == "in" else f"(NOT {equal[0]})"
    return f"COALESCE({number} {SQL_SIGNS[sign]} {dialect.exact(values[0])}, 1 = 0)"


def pair_test(left: str, sign: str, right: str) -> str:
    """Whether two numbers that may be NULL compare."""
    if sign == "!=":
        return f"(NOT {pair_test(left, '==', right)})"
    return f"COALESCE({left} {SQL_SIGNS[sign]} {right}, 1 = 0)"


def _plain(number: Any) -> str:
    return str(number) if isinstance(number, int) else repr(float(number))
