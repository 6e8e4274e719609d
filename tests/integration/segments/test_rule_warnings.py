"""A rule that asks for what was never recorded is taken with a warning, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.projections.inbox import Inbox
from profile_index.tables import INDEX_FORMS
from rules import SeenFields
from rules.field_names import MOST_ROWS
from rules.recorded_values import INCOMPLETE
from services.segments import queries, store
from services.segments.projections import UnevaluatedProjection
from services.segments.queries.rule_warnings import load_adviser
from tests.support.segments_service import ProfilesLog, SegmentsWithoutNameko, shop_file

PRODUCTS = [{"sku": "ann-secret", "category": "shoes", "price": 500, "currency": "USD"}]


@pytest.fixture(autouse=True)
def recorded(log: ProfilesLog, segments: SegmentsWithoutNameko) -> None:
    """A shop that has recorded an order and some traits."""
    log.move(p="p")
    log.append("p", "order_completed", {"order_id": "o", "products": PRODUCTS})
    traits = {"city": "Riga", "address": {"city": "Riga", "until": "2026-12-01"}}
    log.append("p", "traits_changed", {"traits": traits, "context": {"device": "mobile"}})
    odd = {"age": "34", "vip": True, "born": "22.11.1990", "renewal": "2026-12-01", "tags": ["x"]}
    log.append("p", "traits_changed", {"traits": {**odd, "pets": {"cats": 2}}})
    log.append("p", "consent_changed", {"purpose": "Email", "granted": True})
    log.append("p", "consent_changed", {"purposes": {"sms": False}})
    segments.follow(*log.events)


def names(segments: SegmentsWithoutNameko) -> set[tuple[str, str]]:
    return set(segments.work.read(store.load_field_names))


def warnings(segments: SegmentsWithoutNameko, rule: str) -> Sequence[str]:
    """What a preview warns of; checking, applying and defining say the same."""
    found: Sequence[str] = queries.preview(segments.work, rule)["warnings"]
    return found


@pytest.mark.parametrize(
    ("rule", "warning"),
    [
        ("traits.citi == 1", "column 1: no shopper has had a trait citi yet; did you mean city?"),
        ("traits.address.town == 1", "a trait town of traits.address yet; there are city"),
        ('count("traits_changed", where=context.devise == 1) > 1', "did you mean device?"),
        ('exists("order_completed", where=any(products, categry == 1))', "did you mean category?"),
        ('exists("order_complet")', 'no event "order_complet" has been recorded yet; did you mean'),
        ('exists("order_completed", where=data.colour == "red")', "a field colour yet; it has o"),
        ('traits.loyalty_tier == 1 and traits.city == "Riga"', ""),
        (
            'has_consent("emial")',
            'no consent to "emial" has been recorded yet; did you mean email?',
        ),
        ('has_consent("sms") and has_consent("e-mail address")', 'to "e-mail address" has been'),
        ('exists("cart_updated", where=any(products, sku == "a"))', ""),
        ("days_until(traits.address.until) > 1", ""),
    ],
)
def test_what_was_never_recorded_is_warned_of_with_the_nearest_name(
    segments: SegmentsWithoutNameko, rule: str, warning: str
) -> None:
    found = warnings(segments, rule)
    assert [warning in each for each in found] == ([True] if warning else [])
    file = shop_file(f"keen: {{rule: '{rule}', description: x}}")
    compared = segments.work.read(partial(queries.compare_file, file=file))
    assert {each["segment"]: each["warnings"] for each in compared["segments"]}["keen"] == found
    assert segments.define("keen", rule)["warnings"] == found


VALUES = [
    ('bought("shoe")', 'category "shoe" has been recorded yet; did you mean shoes?'),
    ('bought("shoes")', ""),
    ('affinity(category="coffee") > 0.5', '"coffee" has been recorded yet; there are shoes'),
    ('exists("product_viewed", where=category == "shoess")', "did you mean shoes?"),
    ('count("x", where=any(products, category in ["shoes", "hats"])) > 1', 'category "hats"'),
    ('revenue("EUR") > 50', "no amount in EUR has been recorded yet; there are USD"),
    ('revenue("USD") > 50', ""),
    ("traits.age > 30", "has had a number in traits.age yet, but a text: compare it with a"),
    ('traits.age == "34"', ""),
    ('traits.vip == "yes"', "but a yes or no: compare it with True or False without quotes"),
    ("traits.pets.cats in [1, 2]", ""),
    ('traits.pets.cats in [1, "2"]', "a text in traits.pets.cats yet, but a number: compare"),
    ('traits.tags == "x"', 'but a list: write "x" in traits.tags'),
    ('"x" in traits.tags', ""),
    ('"Ri" in traits.city', ""),
    ('"2" in traits.pets.cats', "in traits.pets.cats yet, but a number: write traits.pets.cats =="),
    ("traits.city == None", ""),
    ("days_until(traits.born) < 7", "all shoppers have had a text in traits.born that says no"),
    ("days_until(traits.renewal) < 7", ""),
    ("birthday()", "no shopper has had a trait birthday yet; there are"),
    ("birthday(traits.born)", "send dates as 1990-11-22, the year first"),
]


def test_values_that_were_never_recorded_are_warned_of(segments: SegmentsWithoutNameko) -> None:
    for rule, warning in VALUES:
        found = [each for each in warnings(segments, rule) if "no event" not in each]
        assert [warning in each for each in found] == ([True] if warning else []), (rule, found)


def test_some_texts_that_are_no_dates_are_warned_of_among_dates(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    segments.follow(log.append("p", "traits_changed", {"traits": {"born": "1990-11-22"}}))
    (warning,) = warnings(segments, "birthday(traits.born)")
    assert "some shoppers have had a text in traits.born that says no date" in warning


def test_what_an_event_of_the_shops_own_calls_a_category_or_a_currency_is_not_kept(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    ticket = {"category": "complaint by Ann", "currency": "ask Ann", "products": PRODUCTS}
    segments.follow(log.append("p", "ticket_opened", ticket))
    assert not any("Ann" in path for _, path in names(segments))
    assert warnings(segments, 'exists("ticket_opened", where=category == "complaint by Bob")') == []
    (warning,) = warnings(segments, 'bought("hats")')
    assert warning.endswith("there are shoes")


def test_with_more_categories_than_are_kept_none_is_missed(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    data = {"products": [{"category": f"c{number}"} for number in range(MOST_ROWS + 1)]}
    segments.follow(log.append("p", "cart_updated", data))
    assert warnings(segments, 'bought("cofee")') == []


def test_values_recorded_before_they_were_kept_are_not_missed_until_a_rebuild(
    segments: SegmentsWithoutNameko,
) -> None:
    row = {"event_type": INCOMPLETE, "path": ""}
    segments.work.run(lambda unit: unit.connection.execute(sa.insert(store.FIELD_NAMES), row))
    assert warnings(segments, 'bought("cofee") and revenue("EUR") > 5 and traits.age > 3') == []


def test_names_are_kept_without_values(segments: SegmentsWithoutNameko) -> None:
    assert names(segments) >= {
        ("order_completed", ""),
        ("order_completed", "products.category"),
        ("traits_changed", "traits.address.city"),
        ("traits_changed", "context.device"),
    }
    assert not any("ann" in path or "Riga" in path for _, path in names(segments))
    assert all(event_type != "identity_changed" for event_type, _ in names(segments))


def test_a_batch_that_is_rolled_back_is_learned_from_when_it_comes_again(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    seen = SeenFields()
    event = log.append("p", "wish_made", {"wish": {"colour": 1}})

    def fail(unit: UnitOfWork) -> None:
        store.note_fields(unit, seen, [event])
        raise RuntimeError

    for _ in range(2):
        with pytest.raises(RuntimeError):
            segments.work.run(fail)
    assert ("wish_made", "wish.colour") not in names(segments)
    segments.work.run(partial(store.note_fields, seen=seen, events=[event]))
    assert ("wish_made", "wish.colour") in names(segments)


def test_known_names_cost_no_statement(
    log: ProfilesLog, segments: SegmentsWithoutNameko, monkeypatch: pytest.MonkeyPatch
) -> None:
    def append(number: int) -> None:
        data = {"order_id": str(number), "products": PRODUCTS}
        segments.follow(log.append("p", "order_completed", data))

    append(1)  # the names were inserted by the batch before, and are read now
    reads: list[Any] = []
    monkeypatch.setattr("services.segments.store.field_names.load_field_names", reads.append)
    append(2)
    assert reads == []


def test_a_rebuild_finds_the_same_names(
    log: ProfilesLog,
    segments: SegmentsWithoutNameko,
    service_database: Callable[[str], Database],
) -> None:
    before = names(segments)
    tables = (store.FIELD_NAMES, store.FACTS, store.PROFILES)

    def empty(unit: UnitOfWork) -> None:
        for table in tables:
            unit.connection.execute(sa.delete(table))

    segments.work.run(empty)
    assert names(segments) == set()
    inbox = Inbox(segments.work, "rebuilt")
    inbox.process(log.events, UnevaluatedProjection())
    assert names(segments) == before


def test_while_a_rebuild_is_due_no_name_is_missed_and_rules_about_data_say_so(
    segments: SegmentsWithoutNameko,
) -> None:
    segments.work.run(lambda unit: unit.connection.execute(sa.delete(INDEX_FORMS)))
    assert warnings(segments, "traits.citi == 1") == []
    (warning,) = warnings(segments, 'exists("order_completed", where=colour == "red")')
    assert "until `cdp rebuild segments` has run" in warning


def test_nothing_is_missed_in_a_shop_without_events(segments: SegmentsWithoutNameko) -> None:
    segments.work.run(lambda unit: unit.connection.execute(sa.delete(store.FIELD_NAMES)))
    adviser = segments.work.read(load_adviser)
    assert adviser.warnings('traits.x == 1 and exists("y", where=z == 1)') == []
