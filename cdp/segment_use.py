"""Which segments the offers ask for, so that a file of segments can be compared with them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chassis.config.files import read_text
from services.offers.configuration import load_catalogue, read_catalogue


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
