"""Consent as banners send it along with every item, and as they tell its change.

A refusal counts whenever it is sent. A consent counts only where the shopper has just given it: a
banner goes on saying yes with every page, long after somebody has unsubscribed elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.event_fields import Consent
from services.gateway.domain.tracking.items import object_of, text_of

SALE = "sale_or_sharing"
_LONGEST = 64
_MAX_CATEGORIES = 100
_CONSENT = Consent()
# What banners call their categories, and the purposes that they mean; None: needs no consent.
CATEGORIES: Mapping[str, str | None] = {
    "analytics": "analytics",
    "analytics_storage": "analytics",
    "performance": "analytics",
    "statistics": "analytics",
    "c0002": "analytics",
    "preferences": "preferences",
    "functional": "preferences",
    "functionality": "preferences",
    "personalization": "preferences",
    "personalization_storage": "preferences",
    "c0003": "preferences",
    "advertising": SALE,
    "targeting": SALE,
    "ad_storage": SALE,
    "ad_user_data": SALE,
    "ad_personalization": SALE,
    "sale_of_data": SALE,
    "c0004": SALE,
    "necessary": None,
    "essential": None,
    "strictly_necessary": None,
    "functionality_storage": None,
    "security_storage": None,
    "c0001": None,
}


def purposes_in(context: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, bool]:
    """The purposes that a context grants or refuses; one of several categories needs all of them.

    `consent_purposes` of the source's settings has the shop's own categories.
    """
    own = object_of(settings.get("consent_purposes"))
    purposes: dict[str, bool] = {}
    for category, granted in _categories(context):
        purpose = _purpose(category, own)
        if purpose is not None:
            purposes[purpose] = purposes.get(purpose, True) and granted
    return purposes


def _categories(context: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Segment's preferences by category, then RudderStack's lists."""
    preferences = object_of(object_of(context.get("consent")).get("categoryPreferences"))
    for name, sent in list(preferences.items())[:_MAX_CATEGORIES]:
        granted = sent if type(sent) is bool else _CONSENT.meant(sent)
        if granted is not None and (category := text_of(name)) is not None:
            yield category, granted
    management = object_of(context.get("consentManagement"))
    for field, granted in (("allowedConsentIds", True), ("deniedConsentIds", False)):
        ids = management.get(field)
        for value in ids[:_MAX_CATEGORIES] if type(ids) is list else (ids,):
            if (category := text_of(value)) is not None:
                yield category, granted


def _purpose(category: str, own: Mapping[str, Any]) -> str | None:
    if category in own:
        return text_of(own[category])
    name = category.lower().replace(" ", "_").replace("-", "_")
    return CATEGORIES[name] if name in CATEGORIES else category[:_LONGEST].strip() or None
