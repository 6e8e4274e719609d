"""Deciders: many rules asked of one shopper at one instant, whose comparisons are shared."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rules import ELIGIBILITY_VOCABULARY, Memo, Situation, compile_rule, decider

COMPARISONS = [
    '"vip" in segments', '"new" in segments', "identified", 'assurance == "verified"',
    'assurance in ["device", "verified"]', "traits.age >= 18", 'traits.tier == "gold"',
    "traits.tier == None", "traits.subscribed", 'has_consent("email")', "loyalty_points() > 100",
    'context.device == "mobile"', '"shoes" in context.categories', "context.item_count > 2",
    'basket_value("EUR") >= 50', "loyalty_points() > traits.age", "True",
]  # fmt: skip
comparisons = st.sampled_from(COMPARISONS)
texts = st.recursive(
    comparisons,
    lambda parts: st.one_of(
        parts.map(lambda part: f"not ({part})"),
        st.lists(parts, min_size=2, max_size=3).map(lambda each: f"({' and '.join(each)})"),
        st.lists(parts, min_size=2, max_size=3).map(lambda each: f"({' or '.join(each)})"),
    ),
    max_leaves=6,
)
values: st.SearchStrategy[Any] = st.sampled_from([None, 0, 17, 18, 18.5, "gold", True, [18], ""])
situations = st.builds(
    Situation,
    traits=st.fixed_dictionaries({}, optional=dict.fromkeys(("age", "tier", "subscribed"), values)),
    segments=st.frozensets(st.sampled_from(["vip", "new", "old"])),
    context=st.fixed_dictionaries(
        {},
        optional={
            "device": st.sampled_from(["mobile", "desktop"]),
            "value": st.sampled_from([0, 4_999, 5_000]),
            "currency": st.sampled_from(["EUR", "USD"]),
            "items": st.lists(
                st.just({"sku": "s", "category": "shoes", "quantity": 2}), max_size=2
            ),
        },
    ),
    identified=st.booleans(),
    assurance=st.sampled_from(["none", "claimed", "device", "verified"]),
    consent=st.fixed_dictionaries({}, optional={"email": st.booleans()}),
    points=st.integers(-10, 200),
)


@given(st.lists(texts, min_size=1, max_size=6), situations)
def test_rules_that_share_their_comparisons_hold_as_each_alone(
    rules: list[str], situation: Situation
) -> None:
    memo: Memo = {}
    for text in rules:
        rule = compile_rule(text, ELIGIBILITY_VOCABULARY)
        holds = decider(rule)(situation, 0, memo)
        assert holds is rule.evaluate(situation, 0).value is rule.explain(situation, 0).value
