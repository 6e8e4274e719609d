"""`python -m deploy.openapi [--check]`: write the OpenAPI document of the gateway, or check it.

It is made of the table of routes that the gateway answers by, and of the schemas of the services'
calls. It stands beside the gateway, which serves it.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema

from chassis.validation.fields import Choice, ListOf, Nested
from chassis.validation.schema import StrictSchema
from contracts.catalogues import FallbacksResponse
from contracts.checkout_profile import CheckoutProfileResponse
from contracts.event_schema import EventSchema
from contracts.export.conversion import Use, json_schema
from contracts.offers import DecideRequest, DecideResponse
from contracts.outcomes import OutcomeReceiptSchema, OutcomeSchema
from contracts.profiles import ProfileResponse, ReceiptSchema
from contracts.segments import MembershipsResponse
from services.gateway.domain.routes import KeyPlace, Route
from services.gateway.handlers import ROUTES
from services.gateway.scripts import OPENAPI

_PARAMETER = re.compile(r"\{(\w+)\}")
_SECURITY: Mapping[KeyPlace, str] = {
    "bearer": "bearer",
    "basic": "basic",
    "header": "header",
    "query": "query",
}
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key of `cdp keys`."},
    "basic": {"type": "http", "scheme": "basic", "description": "The key is the user name."},
    "header": {"type": "apiKey", "in": "header", "name": "X-Write-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "writeKey"},
}
_PROBLEM = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string", "description": "The kind of the error: `invalid_input`, …"},
        "message": {"type": "string", "description": "What is wrong, and what to send instead."},
        "field": {"type": "string", "description": "The field that is wrong."},
    },
}
_SHOPPER = ("user_id", "device_id", "anonymous_id", "loyalty_id", "profile_id")


class GatewayReceipt(ReceiptSchema):
    """What became of an event. Browsers are not told whose it is; tests are only `checked`."""

    status = Choice(
        "appended", "duplicate", "rejected", "accepted", "conflict", "checked", required=True
    )


class RecordEventsRequest(StrictSchema):
    """Events, in their order."""

    events = ListOf(Nested(EventSchema()), most=1_000, required=True)


class RecordEventsResponse(StrictSchema):
    """A receipt for each event, in order."""

    receipts = ListOf(Nested(GatewayReceipt()), required=True)


class ReportRequest(StrictSchema):
    """What became of blocks."""

    outcomes = ListOf(Nested(OutcomeSchema()), most=1_000, required=True)


class ReportResponse(StrictSchema):
    """A receipt for each report, in order."""

    receipts = ListOf(Nested(OutcomeReceiptSchema()), required=True)


class DecisionForPages(DecideResponse):
    """A decision; `profile_id` and `inputs` are for servers alone."""

    class Meta:
        """Without what only servers get."""

        exclude = ("profile_id", "inputs")


@dataclass(frozen=True, slots=True)
class OperationSchemas:
    """What an operation takes and gives, where its route alone does not say it."""

    request: Schema | None = None
    response: Schema | None = None
    query: tuple[str, ...] = ()


_OPERATIONS: Mapping[str, OperationSchemas] = {
    "/v1/record": OperationSchemas(RecordEventsRequest(), RecordEventsResponse()),
    "/v1/decide": OperationSchemas(DecideRequest(), DecisionForPages()),
    "/v1/fallbacks": OperationSchemas(
        response=FallbacksResponse(), query=("placement", "language")
    ),
    "/v1/outcomes": OperationSchemas(ReportRequest(), ReportResponse()),
    "/v1/profile": OperationSchemas(response=ProfileResponse(), query=_SHOPPER),
    "/v1/checkout-profile": OperationSchemas(
        response=CheckoutProfileResponse(), query=("user_id",)
    ),
    "/v1/segments": OperationSchemas(response=MembershipsResponse(), query=_SHOPPER),
    "/api/recommendations": OperationSchemas(query=("user_id",)),
}


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    paths: dict[str, Any] = {}
    for route in ROUTES:
        operations = paths.setdefault(route.path, {})
        operations.setdefault(route.method.lower(), _operation(route))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Checkout CDP",
            "version": "1",
            "description": "The gateway: docs/howto/gateway.md explains keys and errors.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"securitySchemes": _SCHEMES, "schemas": {"Problem": _PROBLEM}},
    }


def rendered() -> str:
    """The text of the file."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Run the command; the exit status is 1 if the file is not what it should be."""
    parser = argparse.ArgumentParser(prog="python -m deploy.openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    check = parser.parse_args().check
    text = rendered()
    if OPENAPI.is_file() and OPENAPI.read_text(encoding="utf-8") == text:
        return 0
    if check:
        print(f"{OPENAPI}: is not what the routes say; run: python -m deploy.openapi")
        return 1
    OPENAPI.write_text(text, encoding="utf-8")
    print(OPENAPI)
    return 0


def _operation(route: Route) -> dict[str, Any]:
    schemas = _OPERATIONS.get(route.path, OperationSchemas())
    operation: dict[str, Any] = {"summary": route.summary or route.path}
    parameters = [_parameter(name, "path") for name in _PARAMETER.findall(route.path)]
    parameters += [_parameter(name, "query") for name in schemas.query]
    if parameters:
        operation["parameters"] = parameters
    if route.method == "POST":
        operation["requestBody"] = {"required": True, "content": _content(route, schemas)}
    operation["responses"] = {
        "200": {"description": "It is done.", **_answered(schemas)},
        "default": {
            "description": "What is wrong.",
            "content": _json({"$ref": "#/components/schemas/Problem"}),
        },
    }
    operation["security"] = [{_SECURITY[p]: []} for p in route.places if p in _SECURITY]
    if route.key in ("none", "source") or "path" in route.places:
        operation["security"] = []
    return operation


def _content(route: Route, schemas: OperationSchemas) -> dict[str, Any]:
    if not route.reads_json:
        return {"*/*": {"schema": {}}}
    if schemas.request is None:
        return _json({"type": "object"})
    return _json(_converted(schemas.request, "request"))


def _answered(schemas: OperationSchemas) -> dict[str, Any]:
    if schemas.response is None:
        return {}
    return {"content": _json(_converted(schemas.response, "emitted"))}


def _converted(schema: Schema, use: Use) -> dict[str, Any]:
    """A schema, which lets the key and the user token stand beside its own members."""
    converted = json_schema(schema, use)
    if use == "request":
        converted = {**converted, "additionalProperties": True}
    return converted


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _parameter(name: str, place: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}


if __name__ == "__main__":
    sys.exit(main())
