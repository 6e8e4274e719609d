"""Facts about what `cdp segments` prints and takes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console, RenderableType

import cdp.commands.segments as commands
from cdp.commands.root import cli
from cdp.segment_use import segments_of_offers, use_by_offers, with_use, with_warnings
from cdp.views.segments import (
    backtest_view,
    deleted_line,
    explanation_view,
    file_view,
    members_lines,
    preview_view,
    segment_view,
    segments_table,
    status_table,
    status_view,
)
from cdp.views.stability import show_stay, stability_view
from services.segments.configuration import load_definitions

BUYER: dict[str, Any] = {
    "segment": "buyer",
    "rule": "orders() >= 1",
    "description": "Has bought.",
    "meaning": "the number of orders is at least 1",
    "version": 2,
    "members": 1_205,
    "status": "live",
    "warnings": [],
}
BACKFILLING = {**BUYER, "status": "backfilling", "done": 1_000, "total": 2_362}
UNREADABLE = {**BUYER, "status": "unreadable", "message": "nothing is called tomorrow"}
OFFERS = (
    "placements:\n  checkout:\n    slots: {welcome: {fallback: {title: Hello}}}\n"
    "offers:\n"
    "  - id: hi\n    version: 1\n    slots: [checkout.welcome]\n    priority: 1\n"
    '    requires: any\n    when: \'"buyer" in segments or "gone" in segments\'\n'
    "    content: {title: Hi}\n"
)
AT = "2026-11-21T19:00:00.000000Z"


def printed(renderable: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=160).print(renderable)
    return " ".join(out.getvalue().split())


def test_segments_are_listed_with_their_sizes_and_how_far_they_have_come() -> None:
    text = printed(segments_table([BUYER, BACKFILLING]))
    assert "buyer 1,205 2 live Has bought." in text
    assert "backfilling, 1,000 of 2,362" in text


def test_a_status_says_why_a_rule_is_unreadable() -> None:
    text = printed(status_table([BUYER, BACKFILLING, UNREADABLE]))
    assert "buyer 2 live all" in text
    assert "buyer 2 backfilling 1,000 of 2,362" in text
    assert "buyer 2 unreadable nothing is called tomorrow" in text


STANDSTILL = {"since": AT, "by": "another release", "message": "nothing is called tomorrow"}


def test_whoever_asks_about_an_unreadable_rule_is_told_since_when_and_by_whom() -> None:
    still = {**UNREADABLE, "unreadable": STANDSTILL}
    since = "unreadable since 2026-11-21 19:00:00, by another release"
    assert f"buyer 2 {since} nothing is called" in printed(status_table([still]))
    assert since in printed(segments_table([still]))
    explanation = {
        **BUYER,
        "profile_id": "p",
        "member": True,
        "since": AT,
        "conditions": [],
        "changes_at": None,
        "unreadable": {**STANDSTILL, "since": None, "by": "this release"},
    }
    text = printed(explanation_view(explanation))
    assert "is in it since" in text
    assert "buyer is unreadable, by this release, and nobody enters or leaves: nothing is" in text
    assert "stays so" not in text


def warned(**of: str) -> dict[str, Any]:
    return {"as_of": AT, "segments": [{"segment": s, "warnings": [w]} for s, w in of.items()]}


def test_a_status_says_what_looks_wrong_about_members_and_which_no_offer_asks_for() -> None:
    lonely = {**BUYER, "segment": "lonely", "warnings": ["a slip"]}
    found = with_warnings([BUYER, lonely], warned(lonely="only 3 are members", gone="unknown"))
    assert [each["warnings"] for each in found] == [[], ["a slip", "only 3 are members"]]
    use = use_by_offers({"segments": found}, {"buyer": ["hi"]})
    text = printed(status_view(found, use))
    assert "lonely: a slip lonely: only 3 are members No offer asks for lonely: use it" in text
    assert printed(status_view([BUYER], {"unused": []})) == printed(status_table([BUYER]))
    with_them = with_use(found, use)
    assert with_them[0]["warnings"] == []
    assert with_them[1]["warnings"][2].startswith("No offer asks for lonely: use it")


def test_of_a_rule_that_a_file_changes_the_members_say_nothing() -> None:
    response = changes(buyer="unchanged", keen="changed")
    found = with_warnings(response["segments"], warned(buyer="few", keen="few"))
    assert [each["warnings"] for each in found] == [["few"], []]


def test_a_segment_is_shown_with_its_slips() -> None:
    text = printed(segment_view({**BUYER, "warnings": ["did you mean order_completed?"]}))
    assert "meaning the number of orders is at least 1" in text
    assert text.endswith("buyer: did you mean order_completed?")


def test_an_explanation_has_a_row_for_each_condition() -> None:
    conditions = [
        {"condition": "orders() >= 1 (2)", "holds": True, "changes_at": None},
        {"condition": 'orders(within="1d") == 0 (1)', "holds": False, "changes_at": AT},
    ]
    response = {
        **BUYER,
        "profile_id": "p",
        "member": False,
        "since": None,
        "conditions": conditions,
        "changes_at": AT,
    }
    text = printed(explanation_view(response))
    assert "buyer, version 2: Has bought. profile p is not in it" in text
    assert "yes orders() >= 1 (2) no" in text
    assert 'no orders(within="1d") == 0 (1) 2026-11-21 19:00:00' in text
    assert text.endswith("stays so until 2026-11-21 19:00:00 at least.")
    inside = {**response, "member": True, "since": AT, "changes_at": None}
    assert "is in it since 2026-11-21 19:00:00" in printed(explanation_view(inside))
    assert printed(explanation_view(inside)).endswith("Without an event that stays so.")


def test_a_preview_says_how_many_and_what_it_has_not_looked_at() -> None:
    response = {
        "meaning": "always",
        "members": 5,
        "evaluated": 20,
        "profiles": 40,
        "complete": False,
        "sample": ["p-1"],
        "warnings": ["a slip"],
    }
    text = printed(preview_view(response))
    assert "5 of 20 shoppers would be members, 25.0 %. There are 40;" in text
    assert text.endswith("p-1 a slip")


def changes(**of: str) -> dict[str, Any]:
    segments = [{"segment": s, "change": change, "warnings": []} for s, change in of.items()]
    return {"sha256": "a" * 64, "file": "was replaced by another", "segments": segments}


def test_a_file_says_what_it_changes_and_how_it_stands() -> None:
    response = changes(buyer="changed", vip="missing")
    text = printed(file_view(response, applied=False))
    assert "buyer has another rule: a new version" in text
    assert "vip is not in the file, and stays" in text
    assert text.endswith("The file aaaaaaaaaaaa was replaced by another.")
    assert printed(file_view(response, applied=True)).endswith("aaaaaaaaaaaa is in force.")


def test_a_check_names_segments_without_offers_and_offers_without_segments(tmp_path: Path) -> None:
    offers = tmp_path / "offers.yaml"
    offers.write_text(OFFERS)
    asked = segments_of_offers(offers)
    assert asked == {"buyer": ["hi"], "gone": ["hi"]}
    response = changes(buyer="unchanged", lonely="added")
    use = use_by_offers(response, asked)
    assert use == {"unused": ["lonely"], "undefined": {"gone": ["hi"]}}
    text = printed(file_view(response, applied=False, use=use))
    assert "No offer asks for lonely: use it in the `when` of an offer, or," in text
    assert "gone is not defined, and asked for by the offers hi: define it," in text


def test_the_offers_that_are_shipped_ask_for_shipped_segments_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CDP_CONFIG_DIR", raising=False)
    assert segments_of_offers(None).keys() <= {each.segment for each in load_definitions()}


def test_a_deletion_says_who_leaves() -> None:
    assert deleted_line({"segment": "buyer", "members": 1_205}) == (
        "buyer is deleted; 1,205 members are leaving it."
    )


class ServiceDouble:
    """Segments with so many members, of which a page is printed at a time."""

    def __init__(self, members: int) -> None:
        self.profiles = [f"p-{number:05}" for number in range(members)]
        self.limits: list[int] = []
        self.unreadable: dict[str, Any] = {}

    def call(self, service: str, method: str, **arguments: Any) -> Any:
        assert service == "segments"
        if method != "members":
            return {"segment": arguments["segment"], "members": len(self.profiles)}
        after, limit = arguments["after"] or "", arguments["limit"]
        self.limits.append(limit)
        page = [each for each in self.profiles if each > after][:limit]
        return {
            "segment": arguments["segment"],
            "members": [{"profile_id": each, "since": AT, "version": 1} for each in page],
            "next": page[-1] if len(page) == limit else None,
            **self.unreadable,
        }


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> ServiceDouble:
    double = ServiceDouble(1_500)

    @contextmanager
    def connected(*_arguments: Any) -> Iterator[ServiceDouble]:
        yield double

    monkeypatch.setattr(commands, "connected", connected)
    return double


def test_all_members_are_printed_page_by_page(service: ServiceDouble) -> None:
    result = CliRunner().invoke(cli, ["segments", "members", "buyer"])
    assert [line.split()[0] for line in result.stdout.splitlines()] == service.profiles
    assert service.limits == [1_000, 1_000]


def test_as_many_members_are_printed_as_are_wanted(service: ServiceDouble) -> None:
    words = ["segments", "members", "buyer", "--limit", "3", "--after", "p-00001", "--json"]
    result = CliRunner().invoke(cli, words)
    found = [json.loads(line)["profile_id"] for line in result.stdout.splitlines()]
    assert found == ["p-00002", "p-00003", "p-00004"]


def test_a_deletion_is_asked_about(service: ServiceDouble) -> None:
    refused = CliRunner().invoke(cli, ["segments", "delete", "buyer"], input="n\n")
    assert refused.exit_code == 1
    assert "buyer has 1,500 members. End it?" in refused.output
    done = CliRunner().invoke(cli, ["segments", "delete", "buyer", "--yes"])
    assert "buyer is deleted; 1,500 members are leaving it." in done.stdout


def test_whoever_ends_a_segment_is_told_which_offers_ask_for_it(
    service: ServiceDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "offers.yaml").write_text(OFFERS)
    monkeypatch.setenv("CDP_CONFIG_DIR", str(tmp_path))
    sentence = "The offers hi ask for buyer: change offers.yaml, too."
    deleted = CliRunner().invoke(cli, ["segments", "delete", "buyer"], input="n\n")
    assert (sentence in deleted.output, deleted.exit_code) == (True, 1)
    assert sentence in CliRunner().invoke(cli, ["segments", "delete", "buyer", "--yes"]).output
    assert sentence not in CliRunner().invoke(cli, ["segments", "delete", "other", "--yes"]).output


def test_members_of_an_unreadable_segment_are_said_to_be_those_from_before(
    service: ServiceDouble,
) -> None:
    service.unreadable = {"unreadable": STANDSTILL}
    result = CliRunner().invoke(cli, ["segments", "members", "buyer"])
    assert result.stdout.count("\n") == 1_500
    assert result.stderr.count("buyer is unreadable since") == 1, "not once a page"


def test_members_are_said_not_to_be_all_while_their_rule_is_applied(service: ServiceDouble) -> None:
    service.unreadable = {"backfilling": {"done": 1_000, "total": 2_362}}
    result = CliRunner().invoke(cli, ["segments", "members", "buyer", "--limit", "2"])
    assert result.stdout.count("\n") == 2
    assert "buyer is backfilling: 1,000 of 2,362 shoppers have been" in result.stderr


def test_a_file_that_sets_back_what_it_does_not_mention_says_so() -> None:
    change = {"setting": "drift_threshold", "before": "0.3", "after": "0.1"}
    response = {**changes(buyer="unchanged"), "settings": [change]}
    assert "drift_threshold would go from 0.3 to 0.1." in printed(
        file_view(response, applied=False)
    )
    assert "drift_threshold goes from 0.3 to 0.1." in printed(file_view(response, applied=True))


def test_a_line_of_a_member_can_be_copied() -> None:
    page = {"members": [{"profile_id": "p", "since": AT, "version": 3}]}
    assert list(members_lines(page, as_json=False)) == ["p  2026-11-21 19:00:00  version 3"]


def test_a_back_test_says_how_it_knows() -> None:
    step = {"at": "2026-11-21T00:00:00.000000Z", "members": 1_200, "entries": 30, "exits": 4}
    response = {
        "meaning": "orders > 1",
        "method": "evaluator",
        "evaluated": 1_000,
        "profiles": 50_000,
        "steps": [step],
        "warnings": [],
    }
    text = printed(backtest_view(response))
    assert "1,200" in text
    assert "From the events of a sample, 1,000 of 50,000 shoppers." in text
    assert "Exact, for all 50,000" in printed(backtest_view({**response, "method": "sql"}))


def week(name: str, **of: Any) -> dict[str, Any]:
    return {
        "week": name,
        "begins_at": AT,
        "measured_at": AT,
        "population": 2_000,
        "members": 200,
        "version": 1,
        "psi": None,
        "entries": 20,
        "exits": 4,
        "median_stay": {"seconds": None, "over_seconds": None},
        **of,
    }


STABILITY = {
    "population": 2_362,
    "threshold": 0.1,
    "as_of": AT,
    "segments": [
        {
            "segment": "buyer",
            "version": 2,
            "members": 520,
            "median_stay": {"seconds": 9 * 86_400, "over_seconds": None},
            "weeks": [
                week("2026-W45"),
                week("2026-W46", measured_at=None, population=None, members=None, version=None),
                week("2026-W47", psi=0.1118, members=440),
                week("2026-W48", psi=0.0002, members=520, population=2_362, entries=31),
            ],
        }
    ],
}


def test_all_segments_have_a_row_with_their_present_week_and_earlier_drifts_a_line() -> None:
    text = printed(stability_view(STABILITY, single=False))
    assert "buyer 520 22.0% 31 4 9 d 0.000" in text
    assert "buyer moved in 2026-W47 (PSI 0.112)." in text
    assert "2,362 shoppers, as of 2026-11-21 19:00:00." in text
    assert text.endswith("over 0.1 (!) it drifts.")


def test_a_segment_has_a_row_for_each_week() -> None:
    text = printed(stability_view(STABILITY, single=True))
    assert "buyer: median stay 9 d" in text
    assert "2026-W46 - - 20 4 - - -" in text
    assert "2026-W47 440 22.0% 20 4 - 0.112! 1" in text


@pytest.mark.parametrize(
    ("seconds", "over", "words"),
    [
        (0, None, "under 1 min"),
        (None, 0, "too new"),
        (60, None, "1 min"),
        (5_400, None, "90 min"),
        (86_400, None, "24 h"),
        (10 * 86_400 + 43_200, None, "10.5 d"),
        (None, 4 * 86_400, "over 4 d"),
        (None, None, "-"),
    ],
)
def test_a_median_stay_is_said_in_short(seconds: int | None, over: int | None, words: str) -> None:
    assert show_stay({"seconds": seconds, "over_seconds": over}) == words


class StabilityDouble:
    """Segments that answer with STABILITY."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def call(self, service: str, method: str, **arguments: Any) -> Any:
        assert (service, method) == ("segments", "stability")
        self.asked = arguments
        return STABILITY


def test_stability_is_printed_as_json_and_drawn(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    double = StabilityDouble()

    @contextmanager
    def connected(*_arguments: Any) -> Iterator[StabilityDouble]:
        yield double

    monkeypatch.setattr(commands, "connected", connected)
    picture = tmp_path / "weeks.png"
    words = ["segments", "stability", "buyer", "--weeks", "4", "--png", str(picture), "--json"]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == STABILITY
    assert double.asked == {"segment": "buyer", "weeks": 4}
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "Drawn in" in result.stderr
    too_many = {**STABILITY, "segments": STABILITY["segments"] * 26}  # type: ignore[operator]
    monkeypatch.setitem(globals(), "STABILITY", too_many)
    refused = CliRunner().invoke(cli, ["segments", "stability", "--png", str(picture)])
    assert "draws 25 segments at most; name one of them" in refused.output
