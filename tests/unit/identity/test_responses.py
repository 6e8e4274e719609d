"""The history of a profile, from the facts of its streams and of those that were once in it."""

from __future__ import annotations

from typing import Any

from chassis import Event
from services.identity.domain import responses
from services.identity.domain.state import ALONE, Sighting, Tenure


def fact(fact_id: str, version: int, reason: str, **profiles: str) -> list[Event]:
    """The copies of a fact that moves each stream to a profile."""
    entries: list[dict[str, Any]] = [
        {
            "stream": stream,
            "version": version,
            "profile_id": profile,
            "epoch": version,
            "identifiers": [{"key": f"user_id:{stream}", "type": "user_id"}],
        }
        for stream, profile in profiles.items()
    ]
    return [
        Event(
            id=f"{fact_id}-{stream}",
            source="identity",
            type="identity_changed",
            stream=stream,
            version=version,
            data={"fact_id": fact_id, "reason": reason, "streams": entries},
            occurred_at=version,
            recorded_at=version,
            metadata={"joint": True},
        )
        for stream in profiles
    ]


NAME = Tenure("own", "user_id:own", 1, 1, 1, "own", 1, "verified", "own", "own")


def test_what_a_stream_met_elsewhere_is_not_listed_but_says_where_it_came_from() -> None:
    elsewhere = fact("f1", 1, "created", other="other")
    own = fact("f2", 1, "created", own="own")
    merged = fact("f3", 2, "merged", other="own", own="own")
    history = responses.explain("own", "own", [*elsewhere, *own, *merged], [NAME])
    assert [each["fact_id"] for each in history["happened"]] == ["f2", "f3"]
    moves = {move["stream"]: move["came_from"] for move in history["happened"][1]["moves"]}
    assert moves == {"other": "other", "own": "own"}


def test_the_address_of_a_stream_is_named_though_its_facts_name_none() -> None:
    (began,) = fact("f1", 1, "created", own="own")
    began.data["streams"][0]["identifiers"] = []
    address = Sighting("email:1", 1, ALONE, 1, stream="own", profile="own", epoch=1)
    (event,) = responses.explain("own", "own", [began], [address])["happened"]
    assert event["moves"][0]["identifiers"] == [
        {"key": "email:1", "type": "email", "tenure": 1, "assurance": "claimed"}
    ]
