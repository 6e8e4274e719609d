"""Whatever shoppers and shops have written, no command lets it reach a terminal raw."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from cdp.commands.root import RootGroup
from cdp.consistency import LostStream
from cdp.loading.check import EventFigures, LoadCheck
from cdp.views.address import address_view
from cdp.views.consistency import lost_lines
from cdp.views.identity import (
    description_view,
    history_view,
    redraw_view,
    repair_view,
    review_view,
)
from cdp.views.load_check import load_check_view
from cdp.views.orders import order_review_view
from cdp.views.report import (
    Figures,
    conflicts_table,
    dead_letters_table,
    decision_view,
    facts_table,
    figures_table,
    harmless,
    one_line,
    print_json,
    profile_view,
    unrecordable_table,
)
from cdp.views.timeline import timeline_view
from chassis.core.errors import NotFound
from contracts.incoming import IncomingEvent

AT = "2026-11-21T19:00:00.000000Z"
KINDS = {
    "an escape sequence": "\x1b[31mred\x1b]0;title\x07",
    "a C1 control": "\x9b2J\x90q\x9c",
    "markup": "[/b] [red]x[/] [link=http://x]y",
    "a turned direction": "\u202egnp\u2066x\u2069",
    "what nobody sees": "a\u200bb\u200d\ufeff\u00ad\u2060\u3164\U000e0041",
    "line ends": "one\r\ntwo\x0bthree\x85four\u2028five\u2029",
    "an emoji": "🙂👩\u200d👩\u200d👧",
    "half a character": "a\udc9bb",
    "a NUL": "a\x00b",
    "very long text": "x" * 100_000,
}


def profile(text: str) -> dict[str, Any]:
    return {
        "profile_id": text,
        "requested": text,
        "identifiers": [{"type": "email", "key": text, "value": text}],
        "addresses": [{"type": text, "value": text, "proven": True, "last_at": AT}],
        "traits": {"name": text, "nested": {text: [text]}},
        "orders": {
            "count": 1,
            "items": 1,
            "revenue": {"EUR": 1},
            "first_at": AT,
            "last_at": AT,
            "categories": {text: 1},
        },
        "loyalty": {"enrolled": True, "tier": text, "points": 1},
        "consent": {text: True},
        "events": 1,
        "first_seen_at": AT,
        "last_seen_at": AT,
    }


def timeline(text: str) -> dict[str, Any]:
    identifier = {"type": "email", "key": text, "tenure": 2, "assurance": "device", "value": text}
    move = {"stream_id": text, "profile_id": text, "identifiers": [text]}
    entry = {
        "event_id": text,
        "type": text,
        "at": AT,
        "told_at": text,
        "recorded_at": AT,
        "stream_id": text,
        "version": 1,
        "identifier": identifier,
        "address": identifier,
        "assurance": text,
        "authenticated": True,
        "origin": text,
        "recorded_under": text,
        "data": {text: text, "products": [{"sku": text, "quantity": text}], "currency": text},
        "left_out": [text],
        "identity": None,
    }
    fact = {"words": text, "note": text, "event_id": text, "moved": 30, "moves": [move]}
    order = {"order_id": text, "status": text, "at": AT, "net": 1, "revenue": 1, "currency": text}
    return {
        "profile_id": text,
        "entries": [entry, entry | {"identity": fact}],
        "next": text,
        "orders": [order],
        "order_count": 2,
    }


def address(text: str) -> dict[str, Any]:
    consent = {"purpose": text, "granted": True, "origin": text, "source": None, "event_id": text}
    use = {"kind": text, "proven": True, "last_at": AT, "stream_id": text, "profile_id": text}
    return {
        "key": text,
        "profile_id": text,
        "orders": {"count": 1, "last_at": AT},
        "consent": [consent | {"at": AT}],
        "streams": [use],
    }


def decision(text: str) -> dict[str, Any]:
    block = {"offer_id": text, "offer_version": 1, "content": {"title": text}}
    return {
        "profile_id": text,
        "assurance": text,
        "slots": {text: [block], "empty": [block | {"offer_id": None}]},
        "reasons": [text],
        "degraded": [text],
        "stale": True,
        "trace": {
            text: [{"offer_id": text, "why": [text]}],
            "empty": [{"offer_id": text, "offer_version": 1, "why": [text]}],
        },
    }


def check(text: str) -> LoadCheck:
    event = IncomingEvent.__new__(IncomingEvent)
    for name, value in {
        "type": text,
        "time": 0,
        "identifiers": {text: text},
        "data": {text: text, "products": [text]},
    }.items():
        object.__setattr__(event, name, value)
    return LoadCheck(
        kinds={text: EventFigures(1, 0, 0)},
        rejected={text: [text]},
        first=[event],
        warnings=[text],
        mended={text: [text]},
        ignored=LoadCheck().ignored.__class__({(text, text): 1}),
    )


def streams(text: str) -> dict[str, Any]:
    identifier = {"key": text, "type": text, "assurance": text, "tenure": 1}
    stream = {"stream": text, "identifiers": [identifier], "opened_at": None, "closed_at": AT}
    return {"profile_id": text, "merged_profiles": [text], "streams": [stream]}


def history(text: str) -> dict[str, Any]:
    identifier = {"key": text, "type": text, "assurance": text}
    moves = [
        {"profile_id": text, "came_from": each, "identifiers": [identifier]}
        for each in (None, text, "other")
    ]
    fact = {"at": AT, "reason": text, "note": text, "event_id": text, "moves": moves}
    return {"profile_id": text, "happened": [fact, fact | {"note": None}]}


def repair(text: str) -> dict[str, Any]:
    part = {"profile_id": text, "identifiers": [{"key": text, "type": text}], "segments": [text]}
    return {"dry_run": True, "before": [part], "after": [part | {"profile": profile(text)}]}


def letter(text: str) -> dict[str, Any]:
    return {
        "id": text,
        "source": text,
        "type": text,
        "reason": text,
        "died_at": AT,
        "redriven_at": AT,
        "redrive_reason": text,
    }


REVIEW = ("id", "kind", "subject", "about", "reason", "event_id", "done_by")
VIEWS: Mapping[str, Callable[[str], RenderableType]] = {
    "profile show": lambda t: profile_view(profile(t), [{"segment": t, "since": None}]),
    "profile events": lambda t: timeline_view(timeline(t), "cdp"),
    "profile address": lambda t: address_view(address(t)),
    "profile review": lambda t: order_review_view(
        [
            dict.fromkeys(("order_id", "store", "event_id", "profile_id", "other_profile_id"), t)
            | {"id": t, "kind": kind, "last_at": AT}
            for kind in ("order_id_reused", "refund_not_counted", t)
        ]
    ),
    "identity redraw": lambda t: redraw_view(
        {"profiles": [repair(t)], "checked": 1, "dry_run": True}
    ),
    "identity show": lambda t: description_view(streams(t)),
    "identity explain": lambda t: history_view(history(t)),
    "identity split": lambda t: repair_view(repair(t)),
    "identity review": lambda t: review_view(
        [dict.fromkeys(REVIEW, t) | {"first_at": AT, "last_at": AT, "done_at": AT}]
    ),
    "decide": lambda t: decision_view(t, decision(t), [t]),
    "explain": lambda t: decision_view(t, decision(t), [t], in_full=True),
    "dead-letters list": lambda t: dead_letters_table([(t, letter(t))]),
    "dead-letters show": lambda t: facts_table({t: t}),
    "unrecordable list": lambda t: unrecordable_table(
        [{"event_id": t, "received_at": AT, "reason": t}]
    ),
    "conflicts list": lambda t: conflicts_table(
        [{"event_id": t, "first_at": AT, "last_at": AT, "times": 1, "differing": [t]}]
    ),
    "load --check": lambda t: load_check_view(check(t)),
    "demo": lambda t: figures_table(
        {t: Figures({"events": 1, "profiles": 1, "orders": 1}, {t: 1})}, {t: t}
    ),
    "check consistency": lambda t: "\n".join(lost_lines([LostStream(t, 2, 1)])),
}


def printed(view: RenderableType) -> str:
    """What reaches a terminal of a view."""
    if isinstance(view, str):
        return view
    out = io.StringIO()
    Console(file=out, width=200).print(view, crop=False)
    return out.getvalue()


def assert_harmless(text: str) -> None:
    raw = {each for each in text if not each.isprintable() and each != "\n"}
    assert not raw, raw


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", VIEWS)
def test_no_view_lets_text_reach_the_terminal_raw(command: str, kind: str) -> None:
    text = KINDS[kind]
    output = printed(VIEWS[command](text))
    assert_harmless(output)
    if kind == "markup":
        assert "[/b]" in output
    if kind == "very long text":
        assert len(output) < 90_000
    if kind == "line ends":
        assert "\ntwo" not in output or command == "dead-letters show"


@given(st.text(st.characters(codec=None, categories=("C", "Z", "M", "S", "L", "P"))))
def test_text_is_harmless_whatever_it_is_and_in_one_line_if_it_has_to_be(text: str) -> None:
    assert_harmless(harmless(text))
    assert "\n" not in one_line(text)
    assert harmless(text.replace("\n", "")).count("\n") == 0


@given(
    st.recursive(
        st.text() | st.integers(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)
    )
)
def test_json_says_the_same_without_a_character_that_nobody_sees(value: Any) -> None:
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        print_json(value)
    assert_harmless(out.getvalue())
    assert json.loads(out.getvalue()) == value


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_cites_what_it_cites_harmlessly(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.group(cls=RootGroup)
    def group() -> None: ...

    @group.command()
    @click.argument("how")
    def fail(how: str) -> None:
        if how == "service":
            raise NotFound(KINDS[kind], KINDS[kind])
        raise click.UsageError(KINDS[kind])

    for how in ("service", "usage"):
        with pytest.raises(SystemExit):
            group(["fail", how], prog_name="cdp")
        output = capsys.readouterr().err
        assert output
        assert_harmless(output)
