"""Requests: what the checkout asks, as it was accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class DecisionRequest:
    """A checked request of the checkout: see `contracts.offers`.

    `notes` say what of it was left out or mended.
    """

    placement: str
    identifiers: Mapping[str, str] = field(default_factory=dict, repr=False)
    authenticated: bool = False
    context: Mapping[str, Any] = field(default_factory=dict)
    at_least: Mapping[str, int] = field(default_factory=dict)
    sent_at: int | None = None
    deadline_ms: int | None = None
    explain: bool = False
    dry_run: bool = False
    reserve: bool = False
    notes: tuple[str, ...] = ()
