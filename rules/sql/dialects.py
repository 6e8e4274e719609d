"""What differs between PostgreSQL and SQLite: JSON, exact numbers, and lists in JSON.

A JSON value is an expression of `jsonb` in PostgreSQL, and of JSON text in SQLite; what is absent
is NULL.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction

from rules.sql.names import NotInSql


class Dialect(ABC):
    """How one database says it; all arguments are SQL, and names are bound parameters."""

    @abstractmethod
    def document(self, column: str) -> str:
        """A column of JSON, as a JSON value."""

    @abstractmethod
    def key(self, name: str) -> str:
        """What is bound to find a name in an object; NotInSql if it cannot be found."""

    def child(self, value: str, key: str) -> str:
        """The JSON value at a key of an object; NULL if it is none, or has none."""
        return f"({value} -> {key})"

    @abstractmethod
    def is_kind(self, value: str, kind: str) -> str:
        """Whether a JSON value is a string, number, array, object, null, true or false."""

    @abstractmethod
    def text(self, value: str) -> str:
        """The text in a JSON value that is a string."""

    @abstractmethod
    def number(self, value: str) -> str:
        """The number in a JSON value that is one."""

    @abstractmethod
    def whole(self, value: str) -> str:
        """Whether a JSON value that is a number is written without decimals."""

    @abstractmethod
    def members(self, value: str, alias: str) -> str:
        """A relation of the members of a JSON array, as `alias.value`; of anything else none."""

    @abstractmethod
    def each(self, value: str, alias: str) -> tuple[str, str, str]:
        """A relation of the members of a JSON array, or of the value itself if it is none.

        With the JSON value in it, and the condition that this is no array.
        """

    @abstractmethod
    def exact(self, number: int | Fraction) -> str:
        """A fixed number."""

    @abstractmethod
    def quotient(self, left: str, right: str) -> str:
        """One number divided by another, NULL if that is 0."""

    @abstractmethod
    def contains(self, text: str, part: str) -> str:
        """Whether a text contains another one."""


class _Postgresql(Dialect):
    def document(self, column: str) -> str:
        return f"CAST({column} AS jsonb)"

    def key(self, name: str) -> str:
        return name

    def child(self, value: str, key: str) -> str:
        return f"({value} -> CAST({key} AS text))"

    def is_kind(self, value: str, kind: str) -> str:
        if kind in ("true", "false"):
            return f"({value} = CAST('{kind}' AS jsonb))"
        return f"(jsonb_typeof({value}) = '{kind}')"

    def text(self, value: str) -> str:
        return f"({value} #>> '{{}}')"

    def number(self, value: str) -> str:
        return f"CAST({value} #>> '{{}}' AS numeric)"

    def whole(self, value: str) -> str:
        return f"(({value} #>> '{{}}') NOT LIKE '%.%')"

    def members(self, value: str, alias: str) -> str:
        array = f"CASE WHEN jsonb_typeof({value}) = 'array' THEN {value} ELSE '[]' END"
        return f"LATERAL jsonb_array_elements({array}) AS {alias}(value)"

    def each(self, value: str, alias: str) -> tuple[str, str, str]:
        is_array = f"jsonb_typeof({value}) = 'array'"
        array = f"CASE WHEN {is_array} THEN {value} ELSE jsonb_build_array({value}) END"
        member = f"{alias}.value"
        relation = f"LATERAL jsonb_array_elements({array}) AS {alias}(value)"
        return relation, member, f"jsonb_typeof({member}) <> 'array'"

    def exact(self, number: int | Fraction) -> str:
        if isinstance(number, int):
            return f"CAST({number} AS numeric)"
        return f"(CAST({number.numerator} AS numeric) / {number.denominator})"

    def quotient(self, left: str, right: str) -> str:
        return f"(CAST({left} AS numeric) / NULLIF({right}, 0))"

    def contains(self, text: str, part: str) -> str:
        return f"(strpos({text}, CAST({part} AS text)) > 0)"


def _member(alias: str) -> str:
    """The JSON of a row of json_each, which has texts bare and truths as numbers."""
    return (
        f"(CASE {alias}.type WHEN 'object' THEN {alias}.value WHEN 'array' THEN {alias}.value"
        f" WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE json_quote({alias}.value) END)"
    )


_KINDS = {"string": "'text'", "number": "'integer', 'real'", "true": "'true'"}


class _Sqlite(Dialect):
    def document(self, column: str) -> str:
        return column

    def key(self, name: str) -> str:
        if '"' in name:
            raise NotInSql(f"the field {name}")
        return f'$."{name}"'

    def is_kind(self, value: str, kind: str) -> str:
        kinds = _KINDS.get(kind, f"'{kind}'")
        return f"(json_type({value}) IN ({kinds}))"

    def text(self, value: str) -> str:
        return f"({value} ->> '$')"

    def number(self, value: str) -> str:
        return f"({value} ->> '$')"

    def whole(self, value: str) -> str:
        return f"(json_type({value}) = 'integer')"

    def members(self, value: str, alias: str) -> str:
        array = f"CASE WHEN json_type({value}) = 'array' THEN {value} ELSE '[]' END"
        return f"(SELECT {_member('j')} AS value FROM json_each({array}) AS j) AS {alias}"

    def each(self, value: str, alias: str) -> tuple[str, str, str]:
        is_array = f"json_type({value}) = 'array'"
        array = f"CASE WHEN {is_array} THEN {value} ELSE json_array(json({value})) END"
        return f"json_each({array}) AS {alias}", _member(alias), f"{alias}.type <> 'array'"

    def exact(self, number: int | Fraction) -> str:
        return str(number) if isinstance(number, int) else repr(float(number))

    def quotient(self, left: str, right: str) -> str:
        return f"(CAST({left} AS REAL) / NULLIF({right}, 0))"

    def contains(self, text: str, part: str) -> str:
        return f"(instr({text}, {part}) > 0)"


POSTGRESQL: Dialect = _Postgresql()
SQLITE: Dialect = _Sqlite()
