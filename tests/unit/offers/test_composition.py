"""Slots with several blocks, collections, groups, markets, and fallbacks of placements."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import InvalidInput
from services.offers.configuration import read_catalogue
from services.offers.domain.catalogue import Catalogue
from services.offers.domain.decision import Decision, decide
from services.offers.domain.log_entry import log_entry, replay
from services.offers.domain.request import DecisionRequest
from services.offers.domain.shopper import Shopper
from services.offers.domain.trace import trace

FILE = """\
markets:
  dach: {countries: [DE, AT, CH]}
  euro_online: {currencies: [EUR], stores: [online]}
  north: {countries: [NO]}
placements:
  cart:
    fallback: {title: Nothing special}
    slots:
      top: {blocks: 3, collections: [summer]}
      side: {collections: [summer, loyalty]}
      foot: {fallback: {title: Foot}}
offers:
OFFERS"""


def offer(name: str, priority: int, fields: str) -> str:
    return (
        f"  - {{id: {name}, version: 1, priority: {priority}, requires: any, "
        f"{fields}, content: {{title: {name}}}}}\n"
    )


def catalogue(*offers: str) -> Catalogue:
    return read_catalogue(FILE.replace("OFFERS", "".join(offers)))


def decided(found: Catalogue, **context: Any) -> Decision:
    request, shopper = DecisionRequest("cart", context=context), Shopper()
    decision = decide(request, shopper, found, 0, "d-1")
    entry = log_entry(request, [], shopper, decision, found.reads["cart"])
    assert replay(entry, found) == decision.slots
    chosen = {
        slot: [each.offer_id for each in offers if each.chosen]
        for slot, offers in trace("cart", context, shopper, found, 0).items()
    }
    assert chosen == {
        slot: [block.offer_id for block in blocks if block.offer_id]
        for slot, blocks in decision.slots.items()
    }
    return decision


def offer_ids(found: Catalogue, **context: Any) -> dict[str, list[str]]:
    return {
        slot: [block.offer_id or "-" for block in blocks]
        for slot, blocks in decided(found, **context).slots.items()
    }


def why(found: Catalogue, slot: str, offer_id: str, **context: Any) -> str:
    considered = trace("cart", context, Shopper(), found, 0)[slot]
    return next("; ".join(each.why) for each in considered if each.offer_id == offer_id)


def test_a_slot_shows_as_many_blocks_as_it_has_room_for_best_first() -> None:
    found = catalogue(*(offer(f"o{n}", n, "slots: [cart.top]") for n in range(1, 6)))
    assert offer_ids(found) == {"top": ["o5", "o4", "o3"], "side": ["-"], "foot": ["-"]}
    assert "outranked by o3" in why(found, "top", "o2")
    assert decided(found).reasons == ("fallback:side", "fallback:foot")


def test_a_slot_that_has_fewer_eligible_offers_shows_those() -> None:
    found = catalogue(offer("one", 1, "slots: [cart.top]"))
    assert offer_ids(found)["top"] == ["one"]


def test_a_slot_without_a_fallback_of_its_own_shows_that_of_the_placement() -> None:
    decision = decided(catalogue(offer("one", 1, "slots: [cart.top]")))
    assert decision.slots["side"][0].content == {"title": "Nothing special"}
    assert decision.slots["foot"][0].content == {"title": "Foot"}


def test_an_offer_of_a_collection_stands_in_every_slot_that_takes_it_once() -> None:
    found = catalogue(
        offer("sun", 2, "collections: [summer], slots: [cart.top, cart.foot]"),
        offer("club", 1, "collections: [loyalty]"),
    )
    assert offer_ids(found) == {"top": ["sun"], "side": ["sun"], "foot": ["sun"]}
    assert [each.id for each in found.placements["cart"]["side"].offers] == ["sun", "club"]


def test_of_a_group_one_offer_is_in_an_answer_and_the_first_slot_has_first_choice() -> None:
    found = catalogue(
        offer("ten", 1, "slots: [cart.top], group: discount"),
        offer("five", 2, "slots: [cart.top], group: discount"),
        offer("best", 9, "slots: [cart.foot], group: discount"),
        offer("plain", 1, "slots: [cart.foot]"),
    )
    assert offer_ids(found) == {"top": ["five"], "side": ["-"], "foot": ["plain"]}
    assert why(found, "top", "ten").endswith("five, of the same group discount, is shown already")
    assert "five, of the same group" in why(found, "foot", "best")


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("", "", True),
        (", stacks_with: [gift]", "", True),
        (", stacks_with: []", "", False),
        ("", ", stacks_with: []", False),
        (", stacks_with: [gift]", ", stacks_with: [discount]", True),
        (", stacks_with: [other]", "", False),
    ],
)
def test_offers_of_two_groups_stand_together_unless_one_does_not_stack(
    one: str, other: str, together: bool
) -> None:
    found = catalogue(
        offer("ten", 2, f"slots: [cart.top], group: discount{one}"),
        offer("socks", 1, f"slots: [cart.top], group: gift{other}"),
        offer("third", 0, "slots: [cart.foot], group: other, when: identified"),
        offer("word", 0, "slots: [cart.top]"),
    )
    assert offer_ids(found)["top"] == (["ten", "socks", "word"] if together else ["ten", "word"])
    if not together:
        assert "ten is shown already, and they do not stack" in why(found, "top", "socks")


@pytest.mark.parametrize(
    ("markets", "context", "is_made"),
    [
        ("[dach]", {"country": "AT"}, True),
        ("[dach]", {"country": "FR"}, False),
        ("[dach]", {}, False),
        ("[dach, north]", {"country": "NO"}, True),
        ("[euro_online]", {"currency": "EUR", "store": "online"}, True),
        ("[euro_online]", {"currency": "EUR", "store": "hall"}, False),
    ],
)
def test_an_offer_is_made_in_its_markets(
    markets: str, context: dict[str, Any], is_made: bool
) -> None:
    found = catalogue(offer("here", 1, f"slots: [cart.foot], markets: {markets}"))
    assert (offer_ids(found, **context)["foot"] == ["here"]) == is_made
    if not is_made:
        assert why(found, "foot", "here", **context).startswith("is for ")


def test_the_trace_says_where_a_request_is_from() -> None:
    found = catalogue(offer("here", 1, "slots: [cart.foot], markets: [dach, north]"))
    assert why(found, "foot", "here", country="FR", currency="EUR") == (
        "is for dach, north; the request says country FR, currency EUR"
    )
    assert "no country, currency or store" in why(found, "foot", "here")


def test_an_offer_outside_its_schedule_is_not_made() -> None:
    found = catalogue(offer("past", 1, "slots: [cart.foot], schedule: {until: 1969-12-31}"))
    assert offer_ids(found)["foot"] == ["-"]
    assert why(found, "foot", "past").startswith("its schedule ended on Thursday, 1970-01-01")


groups = st.sampled_from(["", ", group: a", ", group: b", ", group: b, stacks_with: [c]",
                          ", group: c, stacks_with: []"])  # fmt: skip


@given(
    st.lists(
        st.tuples(groups, st.sampled_from(["top", "side", "foot"]), st.integers(0, 3)), max_size=8
    )
)
def test_no_answer_has_two_offers_that_may_not_stand_together(
    wanted: list[tuple[str, str, int]],
) -> None:
    always = offer("c", 0, "slots: [cart.foot], group: c")
    found = catalogue(
        *(
            offer(f"o{number}", priority, f"slots: [cart.{slot}]{group}")
            for number, (group, slot, priority) in enumerate(wanted)
        ),
        always,
    )
    offers = {each.id: each for slot in found.slots("cart").values() for each in slot.offers}
    answer = [offers[name] for names in offer_ids(found).values() for name in names if name != "-"]
    grouped = [each for each in answer if each.group]
    assert len({each.group for each in grouped}) == len(grouped)
    for one in grouped:
        for other in grouped:
            assert one is other or one.stacks_with is None or other.group in one.stacks_with
    for slot in found.slots("cart").values():  # and nobody is left out who could join them
        left = [each for each in slot.offers if each not in answer and each.group is None]
        assert not left or len(decided(found).slots[slot.name]) == slot.blocks


@pytest.mark.parametrize(
    ("fields", "path", "fix"),
    [
        ("collections: [sumer]", "offers[0].collections[0]", "did you mean `summer`?"),
        ("collections: []", "offers[0].collections", "at least one slot"),
        ("group: a", "offers[0]", "`slots` is missing"),
        ("slots: [cart.top], stacks_with: [a]", "offers[0].stacks_with", "give this one a group"),
        ("slots: [cart.top], group: a, stacks_with: [b]", "offers[0].stacks_with[0]", "no offer"),
        ("slots: [cart.top], markets: [dash]", "offers[0].markets[0]", "`dach`?"),
        ("slots: [cart.top], markets: []", "offers[0].markets", "at least one market"),
    ],
)
def test_a_mistake_in_where_an_offer_stands_is_refused(fields: str, path: str, fix: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        catalogue(offer("one", 1, fields))
    assert refused.value.subject == path
    assert fix in refused.value.message


@pytest.mark.parametrize(
    ("old", "new", "path", "fix"),
    [
        ("blocks: 3", "blocks: 0", "placements.cart.slots.top.blocks", "between 1 and 20"),
        ("[DE, AT, CH]", "[de]", "markets.dach.countries[0]", "two capitals; write `DE`"),
        ("[DE, AT, CH]", "[UK]", "markets.dach.countries[0]", "write `GB`"),
        ("[DE, AT, CH]", "[EU]", "markets.dach.countries[0]", "no ISO 3166 code"),
        ("[DE, AT, CH]", "[]", "markets.dach.countries", "at least one"),
        ("[EUR]", "[EURO]", "markets.euro_online.currencies[0]", "ISO 4217"),
        ("{countries: [DE, AT, CH]}", "{}", "markets.dach", "says nothing"),
        ("    fallback: {title: Nothing special}\n", "", "placements.cart.slots.top", "`fallback`"),
    ],
)
def test_a_mistake_in_placements_and_markets_is_refused(
    old: str, new: str, path: str, fix: str
) -> None:
    assert old in FILE
    with pytest.raises(InvalidInput) as refused:
        read_catalogue(FILE.replace(old, new).replace("OFFERS", offer("a", 1, "slots: [cart.top]")))
    assert refused.value.subject == path
    assert fix in refused.value.message
