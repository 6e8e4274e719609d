"""What `cdp offers check` warns of beside changes: what ended, pools without codes, languages."""

from __future__ import annotations

import pytest

from chassis import DAY
from services.offers.configuration import read_catalogue
from services.offers.domain.catalogue_slips import CouponPool, slips_of

NOW = 1_795_289_400_000_000  # 2026-11-21T19:30:00Z
FILE = """\
languages: [en, de, de-AT, fr]
placements:
  checkout:
    slots:
      banner: {fallback: {title: Nothing}, translations: {de: {title: Nichts}}}
      code: {fallback: {number: 1}}
  cart:
    slots:
      banner: {fallback: {title: Nothing}}
offers:
  - {id: hello, version: 1, slots: [checkout.banner], priority: 20, requires: any,
     content: {title: Hello}, translations: {de: {title: Hallo}}%s}
  - {id: badge, version: 1, slots: [checkout.code], priority: 20, requires: any,
     content: {number: 2, shown: true}}
"""

FALLBACK = (
    "the fallback block of checkout.banner has no translation to {}, "
    "which other blocks of checkout have"
)


def warnings(more: str = "", text: str = FILE, **pools: CouponPool) -> list[str]:
    """All that is said of the file, sorted."""
    slips = slips_of(read_catalogue(text.replace("%s", more)), NOW, pools)
    return sorted([*slips.others, *(each for of in slips.of_offers.values() for each in of)])


def test_a_file_whose_blocks_have_the_same_languages_is_not_warned_of() -> None:
    assert warnings() == []


@pytest.mark.parametrize(
    ("schedule", "warning"),
    [
        (
            "{until: 2026-11-21}",
            "hello is shown no more: its schedule ended on Sunday, 2026-11-22 00:00 (UTC)",
        ),
        ("{from: 2026-12-01, until: 2026-12-24}", None),
        ("{from: 2026-11-01}", None),
        ("{weekdays: [monday]}", None),
    ],
)
def test_an_offer_whose_schedule_has_ended_is_warned_of(schedule: str, warning: str | None) -> None:
    found = slips_of(read_catalogue(FILE % f", schedule: {schedule}"), NOW + 2 * DAY, {})
    assert found.of_offers["hello"] == ([] if warning is None else [warning])


def test_an_offer_whose_pool_has_no_code_is_warned_of() -> None:
    more = ", caps: [{by: shopper, most: 1}], coupons: summer"
    command = "run `cdp offers coupons load FILE --pool summer`"
    start = "hello can be granted to nobody: its pool"
    assert warnings(more) == [f"{start} is not loaded; {command}"]
    assert warnings(more, summer=CouponPool(5, 5)) == [f"{start} has no code left; {command}"]
    assert warnings(more, summer=CouponPool(5, 4)) == []


IN_MONEY = "caps: [{by: shopper, most: 1}, {by: shopper, amount: 5000, currency: EUR}]"
BUDGET = "budget: {amount: 400, currency: EUR}"
DEAR = "hello is shown by no decision: its `cost` of {} EUR is above a cap or its budget of {}"


@pytest.mark.parametrize(
    ("limits", "warning"),
    [
        ("caps: [{by: shopper, most: 1}], budget: {count: 1}", None),
        (IN_MONEY + ", cost: {amount: 5000, currency: EUR}", None),
        (
            IN_MONEY + ", cost: {amount: 5001, currency: EUR}",
            DEAR.format(5001, 5000),
        ),
        (
            f"{IN_MONEY}, {BUDGET}, cost: {{amount: 500, currency: EUR}}",
            DEAR.format(500, 400),
        ),
    ],
)
def test_a_cost_above_a_limit_in_money_is_warned_of(limits: str, warning: str | None) -> None:
    assert warnings(f", {limits}") == ([] if warning is None else [warning])


def test_a_language_that_another_block_of_the_placement_has_is_warned_of() -> None:
    english = FILE.replace(", translations: {de: {title: Hallo}}", "")
    assert warnings(text=english) == [
        "hello has no translation to de, which other blocks of checkout have"
    ]
    fallback = FILE.replace(", translations: {de: {title: Nichts}}", "")
    assert warnings(text=fallback) == [FALLBACK.format("de")]


def test_a_region_has_the_texts_of_its_language() -> None:
    regional = FILE.replace(
        "translations: {de: {title: Hallo}}",
        "translations: {de: {title: Hallo}, de-AT: {title: Servus}, fr: {title: Bonjour}}",
    )
    assert warnings(text=regional) == [FALLBACK.format("fr")]
    region_alone = FILE.replace("{de: {title: Hallo}}", "{de-AT: {title: Servus}}")
    assert warnings(text=region_alone) == [
        "hello has no translation to de, which other blocks of checkout have"
    ]


TRIALS = (
    FILE
    + """\
experiments:
  - {id: one, coverage: %s, variants: [{name: a, weight: 1}, {name: b, weight: 1, offers: [hello]}]
     %s}
  - {id: two, variants: [{name: a, weight: 1}, {name: b, weight: 1, offers: [badge]}]%s}
"""
)


@pytest.mark.parametrize(
    ("coverage", "first", "second", "warning"),
    [
        (100, "", "", None),
        (2, "namespace: {name: n, from: 0, to: 50}", "namespace: {name: n, from: 50, to: 99}",
         None),
        (1, "", "", "one: of 100 shoppers 1 take part; `coverage` is in percent, 100 for all"),
        (1, "status: draft", "", None),
        (50, "seed: two", "", "one and two have one `seed`: "),
        (50, "status: stopped, seed: two", "", None),
        (50, "seed: two, namespace: {name: n, from: 0, to: 50}",
         "namespace: {name: n, from: 50, to: 99}", None),
        (50, "namespace: {name: n, from: 0, to: 57}", "namespace: {name: n, from: 29, to: 99}",
         "one and two share shoppers: both have 29 to 57 of the namespace n"),
        (50, "namespace: {name: n, from: 0, to: 57}", "namespace: {name: m, from: 29, to: 99}",
         None),
        (50, "namespace: {name: n, from: 0, to: 50}, hash_attribute: user_id",
         "namespace: {name: n, from: 50, to: 99}", "by one `hash_attribute` and one `fallback_"),
    ],
)  # fmt: skip
def test_experiments_that_are_not_kept_apart_are_warned_of(
    coverage: int, first: str, second: str, warning: str | None
) -> None:
    parts = (f", {each}" if each else "" for each in (first, second))
    found = warnings(text=TRIALS.replace("%s", "", 1) % (coverage, *parts))
    assert len(found) == (warning is not None)
    assert all((warning or "") in each for each in found)


def test_an_offer_of_every_variant_is_warned_of() -> None:
    text = TRIALS.replace("%s", "", 1) % (50, "", "")
    text = text.replace("{name: a, weight: 1}", "{name: a, weight: 1, offers: [hello]}", 1)
    assert warnings(text=text) == [
        "one: hello is in every variant, and tells none of them from another"
    ]


def test_an_offer_that_is_limited_in_money_and_has_no_cost_is_warned_of() -> None:
    cap = ", caps: [{by: shopper, amount: 500, currency: EUR}]"
    (warning,) = warnings(cap)
    assert warning.startswith("hello is limited in money and has no `cost`: a decision cannot")
    assert warnings(f"{cap}, cost: {{amount: 5, currency: EUR}}") == []
    assert warnings(", budget: {count: 5}") == []


def test_a_budget_whose_pacing_begins_after_the_schedule_is_warned_of() -> None:
    limited = (
        ", schedule: {{from: 2026-11-20}},"
        " budget: {{count: 9, pacing: {{from: {}, until: 2027-01-01}}}}"
    )
    (warning,) = warnings(limited.format("2026-12-01"))
    assert warning.startswith("hello is shown to nobody before the `pacing` of its budget begins")
    assert warnings(limited.format("2026-11-20")) == []
