"""How segments move: the stability index, the median stay, weeks, and warnings."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from itertools import combinations, pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import kl_div
from scipy.stats import CensoredData, ecdf

from chassis import DAY, InvalidInput, format_instant, parse_instant
from rules import SEGMENT_VOCABULARY, compile_rule, reads_without_consent
from services.segments.configuration import read_file, write_definitions
from services.segments.domain.memberships import Membership, MembershipChange
from services.segments.domain.stability import (
    Measurement,
    WatchedSegment,
    WatchSettings,
    overlap,
    population_stability,
    sensitive_warning,
    similar_sizes,
    warnings_of,
    week_of,
    weeks_until,
)
from services.segments.domain.stays import (
    MedianStay,
    StayLengths,
    ended_stays,
    median_stay,
)

NOW = parse_instant("2026-11-27T12:00:00Z")


def measured(members: int, population: int, at: int = NOW) -> Measurement:
    return Measurement(at, population, members, 1)


def psi(before: tuple[int, int], after: tuple[int, int]) -> float:
    found = population_stability(measured(*before), measured(*after))
    assert found is not None
    return found


# The stability index.


def test_from_ten_to_twenty_percent_the_index_is_what_a_hand_computes() -> None:
    """(0.2 - 0.1) ln 2 + (0.8 - 0.9) ln(8 / 9) = 0.069315 + 0.011778."""
    assert psi((10, 100), (20, 100)) == pytest.approx(0.081093, abs=5e-7)
    assert psi((200, 2_000), (495, 2_250)) == pytest.approx(0.111787, abs=5e-7)


@given(st.tuples(*[st.integers(1, 99)] * 2))
def test_the_index_is_the_sum_of_both_divergences_of_kullback_and_leibler(
    members: tuple[int, int],
) -> None:
    before, after = (np.array([each, 100 - each]) / 100 for each in members)
    expected = float((kl_div(after, before) + kl_div(before, after)).sum())
    assert psi((members[0], 100), (members[1], 100)) == pytest.approx(expected, abs=1e-12)
    assert psi((members[1], 100), (members[0], 100)) == pytest.approx(expected, abs=1e-12)


def test_a_share_that_stays_has_the_index_zero_however_many_came() -> None:
    assert psi((10, 100), (70, 700)) == pytest.approx(0)


def test_nobody_counts_as_half_a_profile() -> None:
    share = 0.5 / 100
    expected = (0.1 - share) * math.log(0.1 / share) + (share - 0.1) * math.log(0.9 / (1 - share))
    assert psi((0, 100), (10, 100)) == pytest.approx(expected)
    assert psi((100, 100), (90, 100)) == pytest.approx(expected)


def test_without_a_measurement_or_without_profiles_there_is_no_index() -> None:
    assert population_stability(None, measured(1, 2)) is None
    assert population_stability(measured(1, 2), None) is None
    assert population_stability(measured(0, 0), measured(1, 2)) is None


# Weeks.


def test_weeks_begin_on_mondays_of_the_shops_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    sunday = parse_instant("2026-10-25T22:59:59Z")  # the clocks went back in that night
    week = week_of(sunday, berlin)
    assert week.name == "2026-W43"
    assert format_instant(week.begin) == "2026-10-18T22:00:00.000000Z"
    assert format_instant(week.end) == "2026-10-25T23:00:00.000000Z"
    assert week_of(week.end, berlin).name == "2026-W44"
    assert week_of(sunday, UTC).name == "2026-W43"


def test_the_days_around_new_year_are_of_the_week_that_has_its_thursday() -> None:
    weeks = weeks_until(parse_instant("2027-01-04T00:00:00Z"), 3, UTC)
    assert [week.name for week in weeks] == ["2026-W52", "2026-W53", "2027-W01"]
    assert all(one.end == next_.begin for one, next_ in pairwise(weeks))


# Stays.


def test_stays_end_with_exits_and_go_on_by_another_name() -> None:
    members = {"a": Membership(10, 1), "b": Membership(20, 1), "c": Membership(30, 1)}
    changes = [
        (4, MembershipChange("a", entered=False, at=50, definition_version=1)),
        (5, MembershipChange("a", entered=True, at=60, definition_version=1)),
        (6, MembershipChange("a", entered=False, at=60, definition_version=1)),
        (7, MembershipChange("b", False, 70, 1, other_name="n")),
        (8, MembershipChange("n", True, 70, 1, other_name="b", since=20)),
        (9, MembershipChange("n", entered=False, at=90, definition_version=1)),
        (10, MembershipChange("unknown", entered=False, at=90, definition_version=1)),
    ]
    stays = [(s.version, s.segment, s.since, s.until) for s in ended_stays("p", members, changes)]
    assert stays == [(4, "a", 10, 50), (6, "a", 60, 60), (9, "n", 20, 90)]


def lengths(ended: Sequence[int], lasting: Sequence[int] = ()) -> list[StayLengths]:
    return [
        StayLengths(length, has_ended, stays)
        for has_ended, found in ((True, ended), (False, lasting))
        for length, stays in Counter(found).items()
    ]


def test_half_of_the_stays_that_ended_are_no_longer_than_the_median() -> None:
    assert median_stay(lengths([5, 1, 3])) == MedianStay(length=3)
    assert median_stay(lengths([1, 2, 3, 4])) == MedianStay(length=2)


def test_who_is_still_in_lengthens_the_median() -> None:
    assert median_stay(lengths([1, 2, 3, 4], [9, 9])) == MedianStay(length=3)
    assert median_stay(lengths([1, 2], [9, 9, 9])) == MedianStay(over=9)
    assert median_stay([]) == MedianStay()


@given(st.lists(st.integers(0, 12), max_size=30), st.lists(st.integers(0, 12), max_size=30))
def test_the_median_is_that_of_scipys_estimator(ended: list[int], lasting: list[int]) -> None:
    found = median_stay(lengths(ended, lasting))
    if not ended and not lasting:
        assert found == MedianStay()
        return
    survival = ecdf(CensoredData(uncensored=ended, right=lasting)).sf
    reached = survival.quantiles[survival.probabilities <= 0.5 + 1e-9]
    expected = int(reached[0]) if len(reached) else None
    assert found.length == expected
    assert found.over == (max(ended + lasting) if expected is None else None)


# Overlap.


def test_the_overlap_is_a_share_of_those_in_either() -> None:
    assert overlap(100, 100, 100) == 1
    assert overlap(100, 96, 96) == pytest.approx(0.96)
    assert overlap(10, 1_000, 10) == pytest.approx(0.01), "a small part of another one"
    assert overlap(0, 0, 0) == 0


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 60), max_size=6))
def test_only_pairs_of_about_the_same_size_can_overlap_by_so_much(sizes: dict[str, int]) -> None:
    found = set(similar_sizes(sizes))
    for one, other in combinations(sorted(sizes), 2):
        most = overlap(sizes[one], sizes[other], min(sizes[one], sizes[other]))
        assert ((one, other) in found) is (most > 0.95)


# Warnings.


def warned(
    members: int = 50,
    overlaps: dict[str, float] | None = None,
    past: Measurement | None = None,
    defined_at: int = NOW,
) -> list[str]:
    watched = WatchedSegment("keen", members, 1_000, defined_at, 1, overlaps or {}, past)
    return list(warnings_of(watched, NOW, 0.1))


def test_a_segment_under_one_percent_is_warned_of() -> None:
    (warning,) = warned(members=9)
    assert warning == (
        "under 1% of the shoppers are members, 9 of 1,000: widen its rule, or end it (cdp segments"
        " delete keen)"
    )
    assert warned(members=10) == []


def test_nothing_is_warned_of_before_anybody_came() -> None:
    watched = WatchedSegment("keen", 0, 0, NOW, 1, {})
    assert list(warnings_of(watched, NOW, 0.1)) == []


def test_a_segment_that_is_nearly_another_one_is_warned_of() -> None:
    (warning,) = warned(overlaps={"loyal": 0.951, "new": 0.95})
    assert warning.startswith("95.1% of those who are in it or in loyal are in both: keep one")


def test_a_rule_of_ninety_days_that_drifts_is_warned_of() -> None:
    old, past = NOW - 90 * DAY, measured(250, 1_000, NOW - 91 * DAY)
    (warning,) = warned(members=50, past=past, defined_at=old)
    assert warning.startswith(
        "its rule has been the same for 90 days, and its share went from 25.0% to 5.0% in 91 days"
        " (PSI 0.37): see cdp segments stability keen, and change the rule"
    )
    assert warned(members=50, past=past, defined_at=old + 1) == [], "the rule is younger"
    assert warned(members=50, past=measured(70, 1_000), defined_at=old) == [], "as good as the same"
    assert warned(members=50, defined_at=old) == [], "nothing was measured so long ago"


# Sensitive traits.


@pytest.mark.parametrize(
    ("rule", "unguarded"),
    [
        ("traits.pregnant == True", True),
        ('traits.pregnant == True and has_consent("email")', False),
        ('traits.pregnant == True and has_consent("email") == True', False),
        ('traits.pregnant == True and (has_consent("email") or orders() > 1)', True),
        ('traits.pregnant == True and has_consent("email") or orders() > 1', False),
        ('traits.pregnant == True and not has_consent("email")', True),
        ('traits.pregnant == True and has_consent("email") == False', True),
        ('not (not has_consent("email") or traits.pregnant == True)', False),
        ('not (traits.pregnant == True and has_consent("email"))', True),
        ('traits.pregnant == True and not (not has_consent("email"))', False),
        ('orders() > 1 and traits.tier == "gold"', False),
    ],
)
def test_a_sensitive_trait_needs_a_consent_beside_it(rule: str, unguarded: bool) -> None:
    condition = compile_rule(rule, SEGMENT_VOCABULARY).condition
    found = reads_without_consent(condition, {"pregnant", "faith"})
    assert found == (frozenset({"pregnant"}) if unguarded else frozenset())


def test_the_warning_of_a_sensitive_trait_says_what_to_add() -> None:
    assert sensitive_warning({"pregnant", "faith"}) == (
        "it reads faith, pregnant, listed as sensitive, also of shoppers who have not consented:"
        ' add `and has_consent("PURPOSE")` with the purpose that they were asked for, or leave'
        " faith, pregnant out"
    )


# The settings in segments.yaml.


FILE = "sensitive: [pregnant, faith]\ndrift_threshold: 0.25\n"
SEGMENT = "keen: {rule: orders() > 1, description: x}\n"


def read(text: str) -> WatchSettings:
    return read_file(text.encode(), is_shipped=False).watch


def test_a_file_lists_sensitive_traits_and_the_threshold_beside_its_segments() -> None:
    file = read_file((FILE + SEGMENT).encode(), is_shipped=False)
    assert [each.segment for each in file.definitions] == ["keen"]
    assert file.watch == WatchSettings(("faith", "pregnant"), 0.25)
    assert read(SEGMENT) == WatchSettings((), 0.1)


def test_what_is_written_is_read_again() -> None:
    watch = WatchSettings(("faith",), 0.2)
    assert read(write_definitions({"keen": ("orders() > 1", "x")}, watch)) == watch
    assert "sensitive" not in write_definitions({"keen": ("orders() > 1", "x")})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sensitive: pregnant\n", "sensitive.*must be a list"),
        ("drift_threshold: 0\n", r"drift_threshold.*must be a number over 0 and up to 10"),
        ("drift_threshold: yes\n", "drift_threshold.*must be a number"),
        ("drift_threshold: '0.1'\n", "drift_threshold.*must be a number"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read(text + SEGMENT)
