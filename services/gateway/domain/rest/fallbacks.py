"""The fallback blocks of slots, which are the same for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.core.errors import NotFound
from chassis.core.suggest import suggest

_LONGEST_LANGUAGE = 35


def language_of(query: Mapping[str, str]) -> dict[str, Any]:
    """The argument of `offers.fallbacks`: the language of the query, if it names one."""
    language = query.get("language", "").strip()[:_LONGEST_LANGUAGE]
    return {"language": language} if language else {}


def fallbacks_in(query: Mapping[str, str], fallbacks: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the placement of the query, or of all; NotFound if there is none of this name."""
    placements = fallbacks["placements"]
    wanted = query.get("placement")
    if wanted is None:
        return {"placements": placements}
    if wanted not in placements:
        raise NotFound("placement", f"there is none of this name; {suggest(wanted, placements)}")
    return {"placements": {wanted: placements[wanted]}}
