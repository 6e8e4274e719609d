"""A whole rule in SQL: each term is a relation of profiles, made by one pass over their events."""

from __future__ import annotations

from typing import Any, NamedTuple

from rules.language.conditions import Condition, Pair, Test
from rules.language.data import (
    Asked,
    Calculated,
    Element,
    Fixed,
    Happened,
    Sequenced,
    SequenceStep,
    SinceLast,
)
from rules.language.reads import NOTHING
from rules.language.rule import Rule
from rules.language.terms import Kind, Term
from rules.language.windows import ALWAYS, Window
from rules.sql.data import DataConditions, logic, number_test, pair_test
from rules.sql.dialects import Dialect
from rules.sql.names import Names, NotInSql
from rules.summary.summary import Summary

_NUMBERS = frozenset({Kind.NUMBER, Kind.MONEY, Kind.INSTANT, Kind.DURATION, Kind.DATE})


class Query(NamedTuple):
    """The text of a query, with its parameters as `:name`."""

    text: str
    parameters: dict[str, Any]


def translate(rule: Rule[Summary], dialect: Dialect, now: int) -> Query:
    """The query for those for whom a rule holds at `now`; NotInSql if it cannot be asked in SQL."""
    translation = _Translation(dialect, now)
    condition = translation.condition(rule.condition)
    joined = "".join(f" LEFT JOIN {relation}" for relation in translation.relations)
    text = f"SELECT p.profile_id FROM profiles AS p{joined} WHERE {condition}"
    return Query(text, translation.names.parameters)


class _Translation:
    def __init__(self, dialect: Dialect, now: int) -> None:
        self.names = Names()
        self.relations: list[str] = []
        self._dialect = dialect
        self._now = now
        self._data = DataConditions(dialect, self.names)

    def condition(self, condition: Condition[Summary]) -> str:
        """Whether the condition holds; never NULL."""
        return logic(condition, self._comparison)

    def _comparison(self, condition: Condition[Summary]) -> str:
        match condition:
            case Test():
                return self._test(condition)
            case Pair(left=left, right=right, sign=sign):
                return pair_test(self._number(left), sign, self._number(right))
        raise NotInSql(condition.describe())  # pragma: no cover - there are no others

    def _test(self, test: Test[Summary]) -> str:
        term = test.term
        if test.reads == NOTHING:  # the calendar at `now`
            return "(1 = 1)" if test.holds(term.read(Summary(), self._now)) else "(1 = 0)"
        if term.kind in _NUMBERS:
            return number_test(self._dialect, self._number(term), test.sign, test.values)
        match term.meaning:
            case Happened(number=asked, happened=happened):
                holds = f"{self._aggregate(asked)} {'>' if happened else '='} 0"
            case Sequenced() as sequence:
                holds = self._then(sequence) if sequence.follows else self._then_not(sequence)
            case _:
                raise NotInSql(term.label)
        if test.values and test.values[0] is not (test.sign == "=="):
            return f"(NOT {holds})"
        return f"({holds})"

    def _number(self, term: Term[Summary]) -> str:
        """A number, NULL if it is missing."""
        if term.reads == NOTHING and not isinstance(term.meaning, Fixed):
            value = term.read(Summary(), self._now)
            return "CAST(NULL AS numeric)" if value is None else self._dialect.exact(value)
        match term.meaning:
            case Fixed(value=value):
                return self._dialect.exact(value)
            case Calculated(sign=sign, left=left, right=right):
                one, other = self._number(left), self._number(right)
                return (
                    self._dialect.quotient(one, other) if sign == "/" else f"({one} {sign} {other})"
                )
            case SinceLast(last=last):
                return f"({self._now} - {self._aggregate(last)})"
            case Asked() as asked:
                return self._aggregate(asked)
        raise NotInSql(term.label)

    def _aggregate(self, asked: Asked) -> str:
        """The column of an aggregate in a relation of its own, joined by profile."""
        alias = self.names.alias()
        if asked.function in ("first", "last") and asked.of is not None:
            raise NotInSql(f"a field of the {asked.function} {asked.event}")
        relation = self._group(asked)
        self.relations.append(f"({relation}) AS {alias} ON {alias}.profile_id = p.profile_id")
        column = f"{alias}.result"
        return (
            f"COALESCE({column}, 0)" if asked.function in ("count", "sum", "distinct") else column
        )

    def _group(self, asked: Asked) -> str:
        facts = self._facts(asked.event, asked.where, asked.window)
        if asked.of is None:
            results = {"count": "count(*)", "first": "min(f.at)", "last": "max(f.at)"}
            return (
                f"SELECT f.profile_id, {results[asked.function]} AS result FROM profile_facts AS f"
                f" WHERE {facts} GROUP BY f.profile_id"
            )
        relations, value, condition = self._data.values(self._data.of_event("f.data"), asked.of)
        joined = "".join(f" CROSS JOIN {relation}" for relation in relations)
        result = self._result(asked.function, value, whole=bool(asked.of.currency))
        return (
            f"SELECT f.profile_id, {result} AS result FROM profile_facts AS f{joined}"
            f" WHERE {facts} AND {condition} GROUP BY f.profile_id"
        )

    def _result(self, function: str, value: str, *, whole: bool) -> str:
        number = self._data.number(value, whole=whole)
        if function == "average":
            return self._dialect.quotient(f"sum({number})", f"count({number})")
        if function != "distinct":
            return f"{function}({number})"
        kinds = [f"count(DISTINCT {self._data.text(value)})", f"count(DISTINCT {number})"]
        for kind in ("true", "false"):
            is_kind = self._dialect.is_kind(value, kind)
            kinds.append(f"max(CASE WHEN {is_kind} THEN 1 ELSE 0 END)")
        return " + ".join(kinds)

    def _facts(self, event: str, where: Condition[Element] | None, window: Window = ALWAYS) -> str:
        """Which events `f` are asked about."""
        after, upto = window.limits(self._now)
        text = f"f.type = {self.names.bind(event)} AND f.at <= {upto}"
        if after is not None:
            text += f" AND f.at > {after}"
        if where is not None:
            text += f" AND {self._data.condition(where, self._data.of_event('f.data'))}"
        return text

    def _steps(self, sequence: Sequenced) -> list[str]:
        return [
            "(SELECT f.profile_id, f.at FROM profile_facts AS f"
            f" WHERE {self._facts(step.event, step.where)})"
            for step in sequence.steps
        ]

    def _then(self, sequence: Sequenced) -> str:
        first, *others = self._steps(sequence)
        names = [f"s{number}" for number in range(len(sequence.steps))]
        text = f"SELECT s0.profile_id FROM {first} AS s0"
        for number, step in enumerate(others, start=1):
            later = [
                f"{names[number]}.at {_after(before, sequence.steps[number])} {name}.at"
                for name, before in zip(names[:number], sequence.steps, strict=False)
            ]
            same = f"{names[number]}.profile_id = s0.profile_id"
            text += f" JOIN {step} AS {names[number]} ON {' AND '.join([same, *later])}"
        after, _ = sequence.window.limits(self._now)
        bounds = ["1 = 1"]
        if sequence.within is not None:
            bounds.append(f"{names[-1]}.at - s0.at < {sequence.within}")
        if after is not None:
            bounds.append(f"{names[-1]}.at > {after}")
        return f"p.profile_id IN ({text} WHERE {' AND '.join(bounds)})"

    def _then_not(self, sequence: Sequenced) -> str:
        first, second = self._steps(sequence)
        step, other = sequence.steps
        newest = f"SELECT a.profile_id, max(a.at) AS at FROM {first} AS a GROUP BY a.profile_id"
        return (
            f"p.profile_id IN (SELECT n.profile_id FROM ({newest}) AS n"
            f" WHERE n.at + {sequence.within} <= {self._now} AND NOT EXISTS (SELECT 1 FROM {second}"
            f" AS b WHERE b.profile_id = n.profile_id AND b.at {_after(step, other)} n.at"
            f" AND b.at < n.at + {sequence.within}))"
        )


def _after(step: SequenceStep, other: SequenceStep) -> str:
    return ">" if step.event == other.event else ">="
