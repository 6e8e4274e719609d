from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import DAY
from rules import Occasion, Summary, combine, profile_view
from rules.vocabularies import order_terms
from tests.support.oracle import LoggedEvent
from tests.support.oracle import fold as fold_by_oracle
from tests.unit.rules.shoppers import NOW, ShopperEvent, fold, histories


def order(revenue: int = 5_000, at: int = NOW, order_id: str = "A") -> ShopperEvent:
    data = {"order_id": order_id, "revenue": revenue, "currency": "GBP"}
    return ShopperEvent("order_completed", data, at, f"paid {order_id}")


def credit_note(
    amount: int | None, at: int = NOW, reference: str | None = "C1", **more: Any
) -> ShopperEvent:
    data = {"without_order": True, "refund_id": reference, "amount": amount, "currency": "GBP"}
    return ShopperEvent("order_refunded", {**data, **more}, at, f"{reference} of {amount} at {at}")


def revenue(summary: Summary, now: int | None = NOW) -> dict[str, int]:
    found: dict[str, int] = profile_view(summary, now)["orders"]["revenue"]
    return found


def test_a_refund_of_no_order_lowers_the_revenue_and_no_order() -> None:
    summary = fold([order(), order(3_000, order_id="B"), credit_note(3_500)])
    assert revenue(summary) == {"GBP": 4_500}
    assert [each.net for each in summary.book(NOW).orders] == [5_000, 3_000]
    assert [each.status for each in summary.orders()] == ["standing", "standing"]
    assert profile_view(summary, NOW)["orders"]["count"] == 2


def test_more_may_go_back_than_came_in() -> None:
    assert revenue(fold([order(), credit_note(7_000)])) == {"GBP": -2_000}
    assert revenue(fold([credit_note(7_000)])) == {"GBP": -7_000}
    assert profile_view(fold([credit_note(7_000)]), NOW)["orders"]["count"] == 0


def test_a_refund_of_no_order_counts_in_its_own_currency() -> None:
    assert revenue(fold([order(), credit_note(700, currency="EUR")])) == {"EUR": -700, "GBP": 5_000}


def test_a_credit_note_counts_once_as_it_was_told_last() -> None:
    twice = [credit_note(700, at=NOW - DAY), credit_note(900)]
    assert revenue(fold([order(), *twice])) == revenue(fold([order(), *twice[::-1]]))
    assert revenue(fold([order(), *twice])) == {"GBP": 4_100}
    assert revenue(fold([order(), *twice, credit_note(0, at=NOW)])) == {"GBP": 5_000}
    first = combine([fold([order(), twice[0]]), fold([twice[1]])])
    assert revenue(first) == {"GBP": 4_100}


def test_a_revision_of_a_credit_note_wins_whenever_it_was_told() -> None:
    notes = [credit_note(700, revision=2, at=NOW - DAY), credit_note(900, revision=1)]
    assert revenue(fold(notes)) == revenue(fold(notes[::-1])) == {"GBP": -700}


def test_credit_notes_of_two_stores_or_without_a_number_are_two() -> None:
    stores = [credit_note(700, store="de"), credit_note(700, store="at"), credit_note(700)]
    assert revenue(fold(stores)) == {"GBP": -2_100}
    unnamed = [credit_note(700, reference=None), credit_note(800, reference=None)]
    assert revenue(fold(unnamed)) == {"GBP": -1_500}


def test_a_refund_of_no_order_counts_by_its_own_time() -> None:
    summary = fold([order(at=NOW - 100 * DAY), credit_note(700, at=NOW - 10 * DAY)])
    within = order_terms.revenue("GBP", 90 * DAY)
    assert within.read(summary, NOW) == -700
    assert within.read(summary, NOW - 11 * DAY) == 0 + 5_000
    assert order_terms.revenue("GBP").read(summary, NOW) == 4_300
    curve = within.at(summary, NOW)
    assert curve.next(NOW) == NOW + 80 * DAY
    assert curve.value(NOW + 80 * DAY) == 0


def test_a_refund_of_no_order_that_is_dated_ahead_does_not_count_yet() -> None:
    summary = fold([order(), credit_note(700, at=NOW + DAY)])
    assert revenue(summary) == {"GBP": 5_000}
    assert summary.book(NOW).next_change == NOW + DAY
    assert revenue(summary, NOW + DAY) == revenue(summary, None) == {"GBP": 4_300}


@pytest.mark.parametrize("note", [credit_note(None), credit_note(700, currency=None)])
def test_a_refund_of_no_order_without_its_money_says_nothing(note: ShopperEvent) -> None:
    assert revenue(fold([order(), note])) == {"GBP": 5_000}


def test_the_same_words_about_an_order_are_an_ordinary_refund() -> None:
    data = {"order_id": "A", "without_order": False, "amount": 700, "currency": "GBP"}
    summary = fold([ShopperEvent("order_refunded", data, NOW, "r"), order()])
    assert revenue(summary) == {"GBP": 4_300}
    assert summary.orders()[0].status == "partly_refunded"


def test_a_refund_of_no_order_that_has_its_home_elsewhere_is_none_of_this_stream() -> None:
    note, summary = credit_note(700), fold([order()])
    occasion = Occasion(note.at, note.id, is_foreign=True)
    summary.add(note.type, note.data, note.at, note.id, occasion)
    assert revenue(summary) == {"GBP": 5_000}


_NOTES = st.lists(
    st.builds(
        credit_note,
        st.integers(0, 900),
        st.sampled_from([NOW - 2 * DAY, NOW - DAY, NOW, NOW + DAY]),
        st.sampled_from(["C1", "C2"]),
        store=st.sampled_from([None, "de"]),
        revision=st.sampled_from([None, 0, 1]),
    ),
    max_size=8,
)


@given(_NOTES, st.data())
def test_the_oracle_counts_the_same_in_any_order_and_any_streams(
    notes: list[ShopperEvent], data: st.DataObject
) -> None:
    apart = [each._replace(at=each.at + n, id=f"e{n}") for n, each in enumerate(notes)]
    streams: list[list[ShopperEvent]] = [[], [], []]
    for each in data.draw(st.permutations(apart)):
        streams[data.draw(st.integers(0, 2))].append(each)
    logged = [
        LoggedEvent(str(n), version, each.id, each.type, _present(each.data), each.at)
        for n, stream in enumerate(streams)
        for version, each in enumerate(stream, 1)
    ]
    for now in (NOW, NOW + 2 * DAY):
        summary = combine(fold(stream) for stream in streams)
        assert revenue(summary, now) == dict(fold_by_oracle(logged, now).revenue(now))
        for after in (NOW - DAY, NOW):
            term = order_terms.revenue("GBP", now - after)
            expected = fold_by_oracle(logged, now).revenue(now, after)["GBP"]
            assert term.read(summary, now) == expected


def _present(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}


@given(histories(), histories())
def test_unlinked_refunds_change_neither_orders_nor_what_is_next_of_them(
    events: list[ShopperEvent], others: list[ShopperEvent]
) -> None:
    notes = [each for each in others if each.data and _is_unlinked(each)]
    with_notes = [*events, *(each._replace(id=f"note {each.id}") for each in notes)]
    without = [each for each in with_notes if not _is_unlinked(each)]
    some, none = fold(with_notes), fold(without)
    assert some.book(NOW).orders == none.book(NOW).orders
    assert some.orders() == none.orders()


def _is_unlinked(event: ShopperEvent) -> bool:
    return isinstance(event.data, dict) and event.data.get("without_order") is True
