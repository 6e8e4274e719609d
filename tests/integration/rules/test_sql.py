"""Rules in SQL against the evaluator, on both databases."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chassis.database.engine import Database
from rules import SEGMENT_VOCABULARY, ShopContext, compile_rule
from rules.sql import POSTGRESQL, SQLITE, NotInSql, Query, translate
from tests.unit.rules import oracle
from tests.unit.rules.oracle import START, History, Meaning
from tests.unit.rules.shoppers import ShopperEvent

DIALECTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
METADATA = sa.MetaData()
EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("profile_id", sa.Text),
    sa.Column("type", sa.Text),
    sa.Column("at", sa.BigInteger),
    sa.Column("data", sa.JSON),
)
RELATIONS = """
WITH profile_facts AS (SELECT profile_id, type, at, profile_id AS stream_id, 0 AS version, data
                       FROM events),
     profiles AS (SELECT DISTINCT profile_id FROM events)
"""


class Shoppers:
    """Shoppers in a database, asked in SQL."""

    def __init__(self, database: Database, engine: str) -> None:
        self.dialect = DIALECTS[engine]
        self._database = database
        with database.transaction() as connection:
            METADATA.create_all(connection)

    def fill(self, histories: list[History]) -> None:
        """Have these shoppers and no others; each has begun to exist with an event of its own."""
        begun = ShopperEvent("begun", None, 0, "b")
        rows = [
            {"profile_id": str(n), "type": event.type, "at": event.at, "data": event.data}
            for n, history in enumerate(histories)
            for event in [*history.events, begun]
        ]
        with self._database.transaction() as connection:
            connection.execute(EVENTS.delete())
            connection.execute(EVENTS.insert(), rows)

    def ask(self, query: Query) -> set[int]:
        """The numbers of those whom a query selects."""
        with self._database.transaction() as connection:
            rows = connection.execute(sa.text(RELATIONS + query.text), query.parameters)
            return {int(row.profile_id) for row in rows}


@pytest.fixture
def shoppers(database: Database, engine: str) -> Shoppers:
    return Shoppers(database, engine)


# What a binary fraction holds exactly: SQLite adds those only.
plain_histories = oracle.histories().map(
    lambda history: history._replace(
        events=[
            event._replace(data=json.loads(json.dumps(event.data).replace("0.1", "0.5")))
            for event in history.events
        ]
    )
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(oracle.rules, st.lists(plain_histories, min_size=1, max_size=4), oracle.instants)
def test_sql_selects_those_for_whom_the_rule_holds(
    shoppers: Shoppers, meaning: Meaning, histories: list[History], now: int
) -> None:
    histories = [each._replace(zone=histories[0].zone) for each in histories]
    rule = compile_rule(meaning.text, SEGMENT_VOCABULARY, ShopContext(histories[0].zone))
    try:
        query = translate(rule, shoppers.dialect, now)
    except NotInSql as error:
        assert error.asked in str(error)  # noqa: PT017 - some rules are none
        assume(False)
        raise
    shoppers.fill(histories)
    assert shoppers.ask(query) == {
        n for n, history in enumerate(histories) if rule.evaluate(history.summary(), now).value
    }


LINES = [{"x": 1, "price": 500, "tags": ["a", "b"]}, {"x": True, "price": 5.5}, "no line"]
SHOPPER = History(
    [
        ShopperEvent("viewed", {"x": "50%", "tags": "abc", "ok": False, "n": None}, START, "e1"),
        ShopperEvent("viewed", {"tags": ["b"], "products": LINES, "currency": "USD"}, START, "e2"),
        ShopperEvent("ordered", {"price": 700, "currency": "USD", "old": 800}, START + 5, "e3"),
    ]
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("True", True),
        ("not False", True),
        ('count("viewed", where=x == "50%") == 1', True),
        ('exists("viewed", where="b" in tags)', True),
        ('count("viewed", where="b" in tags) in [2, 5]', True),
        ('exists("viewed", where=any(products, "b" in tags and x == 1))', True),
        ('exists("viewed", where=any(products, x == True))', True),
        ('exists("viewed", where=ok == False and not ok and n == None)', True),
        ('exists("viewed", where=x in ["a", 5])', False),
        ('exists("viewed", where=any(products, x > 1))', False),
        ('exists("viewed", where=any(products, amount(price, "USD") == 5))', True),
        ('exists("viewed", where=any(products, amount(price, "EUR") != None))', False),
        ('exists("viewed", where=any(products, amount(price, "USD") in [1, 5]))', True),
        ('exists("viewed", where=(any(products, x == 1) == False) or True)', True),
        ('exists("ordered", where=amount(price, "USD") < amount(data.old, "USD"))', True),
        ('exists("ordered", where=amount(price, "USD") != amount(data.old, "USD"))', True),
        ('exists("ordered", where=price_ < old) or exists("ordered", where=old > old)', False),
        ('sum("ordered", amount(price, "USD")) / 2 == 3.5', True),
        ('average("ordered", amount(price, "USD")) > 6.999', True),
        ('sum("viewed", amount(products.price, "USD")) == 5', True),
        ('distinct("viewed", products.x) == 2 and distinct("viewed", ok) == 1', True),
        ('count("viewed") / (count("viewed") - 2) == None', True),
        ('last("ordered") - first("viewed") < "1s" and last("gone") == None', True),
        ('last("ordered") != first("viewed")', True),
        ('since_last("ordered", where=old == 800) <= "1d"', True),
        ('never("gone") == True and exists("viewed") != False', True),
        ('exists("viewed") == False or exists("viewed") != True', False),
        ('then("viewed", "ordered") and then("viewed", "ordered", within="1s", during="2h")', True),
        ('then("viewed", "ordered", within="1s", during="30m")', False),
        ('hour >= 0 and count("viewed") > 0 * hour', True),
        ('count("viewed") > 1 / (day - day) or count("viewed") + 1 / (day - day) == None', True),
    ],
)
def test_sql_says_the_same_of_a_shopper(shoppers: Shoppers, text: str, holds: bool) -> None:
    shoppers.fill([SHOPPER])
    rule = compile_rule(text, SEGMENT_VOCABULARY)
    now = START + 3_600_000_000
    assert rule.evaluate(SHOPPER.summary(), now).value is holds
    assert shoppers.ask(translate(rule, shoppers.dialect, now)) == ({0} if holds else set())


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("orders() > 1", "the number of orders"),
        ("traits.vip", "the trait vip"),
        ('orders() > count("a")', "the number of orders"),
        ('"a" in segments', "the shopper's segments"),
        ('last("a", x) == 1', "x of the last a"),
        ('count("a") > last("a", x)', "a field of the last a"),
        ('exists("a", where=x == y)', "x == y"),
        ('exists("a", where=data[\'a "b"\'] == 1)', 'the field a "b"'),
        ('exists("a", where=date(x) > "2026-11-21")', "the date of x"),
        ('percentile("clv") > 75', "the percentile of clv"),
    ],
)
def test_what_events_do_not_say_is_named(text: str, asked: str) -> None:
    with pytest.raises(NotInSql) as caught:
        translate(compile_rule(text, SEGMENT_VOCABULARY), SQLITE, START)
    assert caught.value.asked.startswith(asked)
