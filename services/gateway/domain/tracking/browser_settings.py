"""What browsers' SDKs ask for before they send anything: settings by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.core.addresses import split_address
from services.gateway.domain.exchange import EdgeRequest
from services.gateway.domain.sources import EventSource

SCRIPT_PACKAGE = "@segment/analytics-next"
SCRIPT_PATH = "dist/umd/standalone.js"
_KEY_MARK = b"__WRITE_KEY__"


def public_address(source: EventSource) -> str | None:
    """Where browsers reach us, as `public_url` in the source's settings says."""
    url = source.settings.get("public_url")
    return url.rstrip("/") if isinstance(url, str) and "//" in url else None


def address_of(request: EdgeRequest) -> str:
    """Where browsers reach us: as the source says, else where this request went to."""
    public = public_address(request.source)
    if public is not None:
        return public
    scheme = request.headers.get("x-forwarded-proto", "http").partition(",")[0].strip()
    return f"{scheme if scheme == 'https' else 'http'}://{request.headers.get('host', 'localhost')}"


def segment_settings(address: str, key: str) -> dict[str, Any]:
    """What analytics-next reads: one integration, as each further one makes it load a script.

    What stands here is merged over what the page says.
    """
    parts = split_address(address)
    integration = {
        "apiKey": key,
        "apiHost": f"{parts.netloc}{parts.path}/v1",
        "protocol": parts.scheme,
        "addBundledMetadata": False,
        "deliveryStrategy": {"strategy": "standard", "config": {"keepalive": True}},
    }
    return {"integrations": {"Segment.io": integration}, "metrics": {"sampleRate": 0}}


def rudder_settings(source: EventSource, key: str) -> dict[str, Any]:
    """What RudderStack's script reads: a source without destinations, which sends to us alone."""
    off: Mapping[str, Any] = {"enabled": False}
    return {
        "source": {
            "id": source.source_id,
            "name": source.name,
            "writeKey": key,
            "enabled": True,
            "config": {"statsCollection": {"errors": off, "metrics": off}},
            "connections": [],
            "destinations": [],
        }
    }


def script_with_key(script: bytes, key: str) -> bytes:
    """The script as it is served to the pages of a key, which it looks for in its own text."""
    return script.replace(_KEY_MARK, key.encode())
