"""The tracking API: what SDKs of Segment, RudderStack, Jitsu and customer.io send and ask for.

A request is answered 200 once all of it is in the log, whatever single items were rejected: SDKs
repeat everything that is answered otherwise. See docs/reference/tracking.md.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from chassis.core.errors import NotFound
from chassis.core.field_message import FieldMessage
from contracts.card_numbers import without_card_numbers
from services.gateway.domain.caching import public_response
from services.gateway.domain.device_cookie import renewed_cookie
from services.gateway.domain.exchange import EdgeRequest, EdgeResponse, Handler, ServiceCall, Steps
from services.gateway.domain.routes import WRITE_KEY_PLACES, KeyPlace, Route
from services.gateway.domain.tracking.browser_settings import (
    SCRIPT_PACKAGE,
    SCRIPT_PATH,
    address_of,
    public_address,
    rudder_settings,
    script_with_key,
    segment_settings,
)
from services.gateway.domain.tracking.items import (
    KINDS,
    MAX_ITEMS,
    MappedRequest,
    RejectedItem,
    Sender,
    Unmappable,
    object_of,
)
from services.gateway.domain.tracking.mapping import map_batch, map_single, rejected_item
from services.gateway.domain.tracking.recording import check_all, record_all

_BATCH_BYTES = 4 * 1024 * 1024
_MAX_REASONS = 20
_SHORT = {
    "identify": "i",
    "track": "t",
    "page": "p",
    "screen": "s",
    "group": "g",
    "alias": "a",
}
_SETTINGS_PLACES: tuple[KeyPlace, ...] = ("path",)
_SOURCE_PLACES: tuple[KeyPlace, ...] = ("query", "basic", "bearer", "header")
_NO_SCRIPT = (
    f"the script of {SCRIPT_PACKAGE} is not here: install that npm package, and name the directory"
    " node_modules that it is in by CDP_GATEWAY_NODE_MODULES"
)


def take_batch(request: EdgeRequest) -> Steps:
    """Record the items of a batch."""
    document = object_of(request.document)
    items = document.get("batch")
    if type(items) is list and len(items) > MAX_ITEMS:
        return _refusal(413, "too_many", f"batch: send at most {MAX_ITEMS:,} items in a batch")
    try:
        mapped = map_batch(document, _sender(request))
    except Unmappable as error:
        return _refusal(400, "invalid", f"{error.path}: {error.message}")
    return (yield from _take(request, mapped, items or []))


def take_single(kind: str, request: EdgeRequest) -> Steps:
    """Record an item that came alone, by the path of its kind."""
    try:
        mapped = map_single(request.document, kind, _sender(request))
    except Unmappable:
        return _refusal(400, "invalid", f"send a JSON object: an item of type {kind}")
    return (yield from _take(request, mapped, [request.document]))


def take_named(request: EdgeRequest) -> Steps:
    """Record an item by Jitsu's paths, whose last part is its kind."""
    kind = request.parameters["type"]
    if kind == "batch":
        return (yield from take_batch(request))
    if kind not in KINDS:
        return _refusal(404, "unknown", f"{kind}: send one of {', '.join(KINDS)}")
    return (yield from take_single(kind, request))


def drop_metrics(_request: EdgeRequest) -> Steps:
    """Answer for what an SDK measures of itself, which nobody here reads."""
    yield from ()
    return EdgeResponse(body={"success": True})


def show_settings(request: EdgeRequest) -> Steps:
    """What analytics-next asks for before it sends."""
    yield from ()
    settings = segment_settings(address_of(request), request.parameters["key"])
    if public_address(request.source) is not None:
        return public_response(settings)
    return EdgeResponse(body=settings)  # by the request's host, so no cache may keep it


def show_source(request: EdgeRequest) -> Steps:
    """What RudderStack's script asks for before it sends.

    Where the address has the key, it alone says what is answered: so any cache may keep that.
    """
    yield from ()
    key = request.query.get("writeKey", "")
    settings = rudder_settings(request.source, key)
    return public_response(settings) if key else EdgeResponse(body=settings)


def show_script(request: EdgeRequest) -> Steps:
    """The script of analytics-next, for the pages of a key."""
    try:
        script = yield ServiceCall(
            "gateway", "read_package", {"package": SCRIPT_PACKAGE, "path": SCRIPT_PATH}
        )
    except NotFound:
        return _refusal(404, "no_script", _NO_SCRIPT)
    content = script_with_key(script, request.parameters["key"])
    return public_response(content, "text/javascript; charset=utf-8")


def _take(request: EdgeRequest, mapped: MappedRequest, items: list[Any]) -> Steps:
    """Record what became of items, keep what was rejected, and answer how many these were."""
    source = request.source
    if source.test:
        recorded = check_all(mapped.events, request.received_at)
    else:
        recorded = yield from record_all(mapped.events)
    rejected = [
        *mapped.rejected,
        *(rejected_item(place, items[place], why) for place, why in recorded.errors.items()),
    ]
    if rejected:
        rejects = [_reject(item) for item in rejected]
        keep = "keep_public_rejects" if source.key_kind == "browser" else "keep_rejects"
        yield ServiceCall("gateway", keep, {"source_id": source.source_id, "rejects": rejects})
    if mapped.crawled:
        yield ServiceCall(
            "gateway", "count_crawled", {"source_id": source.source_id, "items": mapped.crawled}
        )
    body: dict[str, Any] = {"success": True, "ok": True}
    if rejected and source.key_kind == "server":
        body["rejected"] = [_reason(item) for item in rejected[:_MAX_REASONS]]
    renewed = renewed_cookie(request) if source.key_kind == "browser" else {}
    return EdgeResponse(body=body, headers=renewed)


def _reject(item: RejectedItem) -> dict[str, Any]:
    first = item.errors[0]
    payload = without_card_numbers(item.payload)
    return {"field": first.field, "reason": _joined(item.errors), "payload": payload}


def _reason(item: RejectedItem) -> dict[str, Any]:
    return {
        "item": item.place,
        "messageId": item.message_id,
        "errors": [error.to_wire() for error in item.errors],
    }


def _joined(errors: tuple[FieldMessage, ...]) -> str:
    first, *others = errors
    return "; ".join([first.message, *(f"{each.field} {each.message}" for each in others)])


def _sender(request: EdgeRequest) -> Sender:
    from_browser = request.source.key_kind == "browser"
    user_agent = request.headers.get("user-agent")
    return Sender(
        source=request.source,
        received_at=request.received_at,
        user_id=request.user_id,
        user_agent=user_agent if from_browser else None,
        country=request.country if from_browser else None,  # a server's says nothing
        opts_out=from_browser and request.headers.get("sec-gpc") == "1",
    )


def _refusal(status: int, code: str, message: str) -> EdgeResponse:
    """An error as SDKs read it: without both fields, older ones repeat the request for ever."""
    return EdgeResponse(status=status, body={"code": code, "message": message})


def _events_route(path: str, handler: Handler, summary: str, max_bytes: int) -> Route:
    return Route(
        "POST", path, handler, "browser", WRITE_KEY_PLACES, max_bytes=max_bytes, summary=summary
    )


def _routes() -> tuple[Route, ...]:
    routes = [
        _events_route(path, take_batch, "Record a batch of items", _BATCH_BYTES)
        for path in ("/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch")
    ]
    for kind, letter in _SHORT.items():
        handler: Handler = partial(take_single, kind)
        routes += [
            _events_route(path, handler, f"Record an item of type {kind}", _BATCH_BYTES)
            for path in (f"/v1/{kind}", f"/v1/{letter}")
        ]
    routes += [
        _events_route(path, take_named, "Record an item of this type", _BATCH_BYTES)
        for path in ("/api/s/s2s/{type}", "/api/s/{type}")
    ]
    routes += [
        _events_route("/v1/m", drop_metrics, "Take what an SDK measures of itself", 64 * 1024),
        Route(
            "GET", "/v1/projects/{key}/settings", show_settings, "browser", _SETTINGS_PLACES,
            reads_json=False, summary="The settings that analytics-next asks for",
        ),
        Route(
            "GET", "/analytics.js/v1/{key}/analytics.min.js", show_script, "browser",
            _SETTINGS_PLACES, reads_json=False, summary="The script of analytics-next",
        ),
    ]  # fmt: skip
    routes += [
        Route(
            "GET", path, show_source, "browser", _SOURCE_PLACES, reads_json=False,
            summary="The source that RudderStack's script asks for",
        )
        for path in ("/sourceConfig/", "/sourceConfig")
    ]  # fmt: skip
    return tuple(routes)


ROUTES: tuple[Route, ...] = _routes()
