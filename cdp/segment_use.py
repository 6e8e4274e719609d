"""Which segments the offers ask for, and what else looks wrong about segments."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chassis.config.files import read_text
from services.offers.configuration import load_catalogue, read_catalogue

_STAYS = ("described", "unchanged", "missing")  # changes by a file that leave a rule as it is


def segments_of_offers(file: Path | None) -> Mapping[str, list[str]]:
    """By segment the ids of the offers that ask for it, in `file` or in the offers.yaml in use."""
    directory = os.environ.get("CDP_CONFIG_DIR")
    catalogue = (
        read_catalogue(read_text(file), str(file))
        if file is not None
        else load_catalogue(Path(directory) if directory else None)
    )
    asked: dict[str, set[str]] = {}
    for slots in catalogue.placements.values():
        for slot in slots.values():
            for offer in slot.offers:
                for segment in offer.rule.reads.segments if offer.rule else ():
                    asked.setdefault(segment, set()).add(offer.id)
    return {segment: sorted(offers) for segment, offers in sorted(asked.items())}


def use_by_offers(
    response: Mapping[str, Any], asked: Mapping[str, list[str]]
) -> dict[str, dict[str, list[str]] | list[str]]:
    """The segments of a file that no offer asks for, and those that offers ask for in vain."""
    defined = {each["segment"] for each in response["segments"]}
    return {
        "unused": sorted(defined - asked.keys()),
        "undefined": {s: offers for s, offers in asked.items() if s not in defined},
    }


def with_warnings(
    segments: Sequence[Mapping[str, Any]], found: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Segments, or what a file changes of them, with the warnings of `segments.warnings`.

    These are about the members by a rule in force: of a rule that a file changes they say nothing.
    """
    of_members = {each["segment"]: each["warnings"] for each in found["segments"]}
    return [
        {**each, "warnings": list(dict.fromkeys([*each["warnings"], *of_members[each["segment"]]]))}
        if each.get("change", "unchanged") in _STAYS and each["segment"] in of_members
        else dict(each)
        for each in segments
    ]


def with_use(segments: Sequence[Mapping[str, Any]], use: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Segments with a warning of each that no offer asks for."""
    return [
        {**each, "warnings": [*each["warnings"], unused_warning([each["segment"]])]}
        if each["segment"] in use["unused"]
        else dict(each)
        for each in segments
    ]


def unused_warning(segments: Sequence[str]) -> str:
    """The warning of segments that no offer asks for."""
    return (
        f"No offer asks for {', '.join(segments)}: use it in the `when` of an offer, or, if nothing"
        " else uses it, end it (cdp segments delete)."
    )
