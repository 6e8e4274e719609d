"""What the dry run of a split or a merge shows of each profile."""

from __future__ import annotations

from typing import Any

import pytest

from chassis import NotFound, ServiceError, Unavailable
from services.identity.queries import add_previews

PART = {"profile_id": "p-1", "streams": ["s-1"], "identifiers": []}
RESPONSE = {"dry_run": True, "fact_id": None, "before": [PART], "after": [PART]}
USED = {"coupon": [{"most": 1, "within": None, "currency": None, "used": 2, "exceeded": True}]}


class Previews:
    """What the other services say; offers fails if it is to."""

    def __init__(self, failure: ServiceError | None = None) -> None:
        self._failure = failure

    def preview(self, *, stream_sets: list[list[str]]) -> list[dict[str, Any]]:
        return [{"events": len(streams)} for streams in stream_sets]

    def preview_streams(self, *, stream_sets: list[list[str]]) -> list[list[str]]:
        return [["high_value"] for _ in stream_sets]

    def preview_caps(self, *, stream_sets: list[list[str]]) -> list[dict[str, Any]]:
        if self._failure:
            raise self._failure
        return [{}, USED][: len(stream_sets)]


def test_a_dry_run_shows_the_profile_its_segments_and_the_caps_it_has_used() -> None:
    previews = Previews()
    response = add_previews(RESPONSE, previews, previews, previews)
    (before,), (after,) = response["before"], response["after"]
    assert (before["caps"], after["caps"]) == ({}, USED)
    assert (after["profile"], after["segments"]) == ({"events": 1}, ["high_value"])


@pytest.mark.parametrize(
    "failure", [Unavailable("offers", "did not answer"), NotFound("offers", "has no such method")]
)
def test_a_dry_run_says_nothing_of_caps_while_offers_does_not_answer(failure: ServiceError) -> None:
    previews = Previews(failure)
    response = add_previews(RESPONSE, previews, previews, previews)
    assert [part["caps"] for part in (*response["before"], *response["after"])] == [None, None]
