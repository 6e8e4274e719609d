"""The context of an item: device, page, referrer, campaign, language, country.

Nothing else is taken, so neither addresses of the internet nor user agents are stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from chassis.core.addresses import split_address
from services.gateway.domain.tracking.items import object_of, storable_text, text_of

_LONGEST = 200
_LONGEST_URL = 1_000
_CAMPAIGN = ("source", "medium", "name", "term", "content", "id")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,62}")
_PART = re.compile(r"[^/?&=#\s]+")
_TABLET = re.compile(r"ipad|tablet|kindle|silk/|playbook|android(?!.*mobile)", re.IGNORECASE)
_MOBILE = re.compile(r"mobi|iphone|ipod|android|windows phone", re.IGNORECASE)
_DESKTOP = re.compile(r"windows nt|macintosh|x11|linux", re.IGNORECASE)
_DEVICES = {
    "ios": "mobile",
    "android": "mobile",
    "mobile": "mobile",
    "phone": "mobile",
    "smartphone": "mobile",
    "tablet": "tablet",
    "desktop": "desktop",
}
PAGE_PROPERTIES = frozenset(
    (
        *("url", "search", "hash", "referrer", "path", "title", "tab_url", "referring_domain"),
        *("initial_referrer", "initial_referring_domain"),
    )
)
"""What SDKs say of every page, which may tell on people: `map_page` has what is kept of it."""


def map_context(
    context: Mapping[str, Any], user_agent: str | None, country: str | None
) -> dict[str, Any]:
    """What our events keep of a context; `user_agent` is the browser's own, if it is known."""
    page = object_of(context.get("page"))
    parts: dict[str, Any] = {
        "device": _device(context, user_agent),
        "language": _language(context.get("locale")),
        "country": country,
        "referrer": host_of(page.get("referrer"))
        or host_of(object_of(context.get("referrer")).get("url")),
        "campaign": _campaign(object_of(context.get("campaign"))),
        "page": map_page(page),
        "library": short_text(object_of(context.get("library")).get("name")),
    }
    return {name: part for name, part in parts.items() if part}


def map_page(page: Mapping[str, Any]) -> dict[str, str]:
    """A page's address without its query, which may say anything of a person, and its title."""
    url, path = text_of(page.get("url")), text_of(page.get("path"))
    parts = {"url": url and _bare_url(url), "path": path and _bare_path(path)}
    parts["title"] = short_text(page.get("title"))
    return {name: part for name, part in parts.items() if part}


def host_of(value: Any) -> str | None:
    """The host of a page's address, without `www.`: paths tell on people."""
    text = text_of(value)
    if text is None:
        return None
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        return None
    host = host.lower().removeprefix("www.")
    return host if len(host) <= 253 and _HOST.fullmatch(host) else None


def user_agent_of(context: Mapping[str, Any], user_agent: str | None) -> str | None:
    """The user agent that a context names, else the browser's own."""
    return text_of(context.get("userAgent")) or user_agent


def short_text(value: Any) -> str | None:
    """Text, cut to what a column of a report shows."""
    text = text_of(value)
    return None if text is None else text[:_LONGEST]


def _device(context: Mapping[str, Any], user_agent: str | None) -> str | None:
    kind = text_of(object_of(context.get("device")).get("type"))
    if kind is not None and (device := _DEVICES.get(kind.lower())) is not None:
        return device
    agent = user_agent_of(context, user_agent)
    return None if agent is None else _device_of(agent[:512])


@lru_cache(maxsize=2_000)  # shoppers share a few hundred browsers
def _device_of(agent: str) -> str | None:
    if _TABLET.search(agent):
        return "tablet"
    if _MOBILE.search(agent):
        return "mobile"
    return "desktop" if _DESKTOP.search(agent) else None


def _language(value: Any) -> str | None:
    text = (text_of(value) or "").replace("_", "-").partition(".")[0]
    return text if _LANGUAGE.fullmatch(text) else None


def _campaign(campaign: Mapping[str, Any]) -> dict[str, str]:
    parts = {name: short_text(campaign.get(name)) for name in _CAMPAIGN}
    if parts["name"] is None:
        parts["name"] = short_text(campaign.get("campaign"))  # as in an address: utm_campaign
    return {name: part for name, part in parts.items() if part is not None}


def _bare_url(text: str) -> str | None:
    """An address of the web without its query, its fragment and any name of a user."""
    parts = split_address(text)
    host, port = parts.hostname, parts.port
    if parts.scheme not in {"http", "https"} or not host:
        return None
    where = host if port is None else f"{host}:{port}"
    return f"{parts.scheme}://{where}{_bare_path(parts.path)}"[:_LONGEST_URL]


def _bare_path(text: str) -> str:
    path = storable_text(text).partition("?")[0].partition("#")[0]
    return _PART.sub(_without_mail, path)[:_LONGEST_URL]


def _without_mail(part: re.Match[str]) -> str:
    """A part of a path; an ellipsis if there is something on both sides of an `@` in it."""
    inner = part[0][1:-1]
    return "…" if "@" in inner or "%40" in inner else part[0]
