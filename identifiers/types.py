"""Identifier types: how values are compared, what they prove, and how many a profile may have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# `verified`: the shop has authenticated it. `device`: it came from a browser or an app.
# `claimed`: somebody typed it.
Assurance = Literal["verified", "device", "claimed"]
Normaliser = Literal["exact", "lower", "email", "phone"]


@dataclass(frozen=True, slots=True)
class IdentifierType:
    """A type of identifier.

    `assurance` is what a value is worth at best: `verified` and `claimed` types are claims until
    an authenticated event carries them, and `device` types are never more than that. `priority` 1
    is the strongest, and `at_most` the number of values of a `verified` type that an account may
    have, after a merge too (None: any number).
    `keep_days` is how long its plain value is kept, sealed, after it was last seen (None: as long
    as the profile).
    """

    name: str
    normaliser: Normaliser
    assurance: Assurance
    priority: int
    at_most: int | None = None
    keep_days: int | None = None

    def assured(self, authenticated: bool) -> Assurance:
        """What a value of this type proves in an event that is authenticated, or is not."""
        if self.assurance == "device":
            return "device"
        return "verified" if authenticated else "claimed"


@dataclass(frozen=True, slots=True)
class IdentifierTypes:
    """The types that a shop uses, by name, and the values that it never takes for a person's.

    `contacts_verified`: what an account says of itself proves its address.
    """

    by_name: Mapping[str, IdentifierType]
    default_region: str | None = None
    placeholders: frozenset[str] = frozenset()
    patterns: tuple[re.Pattern[str], ...] = ()
    contacts_verified: bool = True
