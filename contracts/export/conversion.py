"""JSON Schema of our marshmallow schemas, by apispec and by what it cannot know of our fields."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal

from apispec import APISpec
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields

from chassis.validation.fields import (
    MAX_NAME,
    Amount,
    Choice,
    Instant,
    Integer,
    ListOf,
    MapOf,
    Name,
    Text,
)
from contracts import event_fields, event_types
from contracts.fields import MAX_IDENTIFIERS, Currency, Identifiers, OptionalIdentifiers, Versions
from contracts.offers import MAX_ITEMS, MAX_STREAMS, Referrer, RequestedLanguage, Stock, Token
from contracts.profiles import GetProfileRequest
from contracts.segments import MembershipsRequest
from contracts.timeline import FindRequest, TimelineRequest

Use = Literal["request", "ingested", "emitted"]
"""How a schema is used, which decides what of it is promised.

request: arguments of a call; unknown fields are refused, and null is as good as absent.
ingested: data of events that shops send; checked before it was recorded, null is gone.
emitted: responses, and data of our own events; readers ignore unknown fields, and sizes are free.
"""

NAME = r"^[a-z][a-z0-9_]*$"
_WORD = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"
_CONTROL = r"\u0000-\u001f\u007f"
_PRINTABLE = rf"^[^\s{_CONTROL}]([^{_CONTROL}]*[^\s{_CONTROL}])?$"
_SIZES = (
    "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
    "propertyNames",
)  # fmt: skip
_MEANINGS: Mapping[type[fields.Field[Any]], str] = {
    Instant: "RFC 3339 with a zone, such as 2026-11-21T19:30:00Z.",
    Amount: "Money in minor units: cents of USD, yen of JPY.",
    Currency: "An ISO 4217 code in capitals.",
    Identifiers: "Identifiers of a shopper: a value by type.",
    Versions: "A version by stream: the token of a receipt.",
}


def json_schema(of: Schema | fields.Field[Any], use: Use) -> dict[str, Any]:
    """The JSON Schema (draft 07, without references) of a schema, or of a field, in one use."""
    converter = _converter(use)
    if isinstance(of, Schema):
        return converter.schema2jsonschema(of)
    return converter.field2property(of)


class _Converter(OpenAPIConverter):
    """apispec's, with descriptions, our fields' bounds, and what is checked across fields."""

    use: Use = "emitted"

    def schema2jsonschema(self, schema: Any) -> dict[str, Any]:
        converted: dict[str, Any] = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]
        if self.use == "emitted":
            converted["additionalProperties"] = True
        return {"description": _paragraphs(schema)} | converted | _across(schema)

    def field2property(self, field: Any) -> dict[str, Any]:
        converted = super().field2property(field) | _meaning(field) | self._bounds(field)
        if self.use == "emitted":
            for name in _SIZES:
                converted.pop(name, None)
        if field.allow_none or (self.use == "request" and not field.required):
            return _or_null(converted)
        return converted

    def _bounds(self, field: fields.Field[Any]) -> dict[str, Any]:
        bounds: dict[str, Any] = {}
        for kind, bound in _BOUNDS.items():
            if isinstance(field, kind):
                bounds |= bound(field)
        if isinstance(field, event_fields.Traits):
            bounds["properties"] = {
                name: _or_null(self.field2property(trait))
                for name, trait in event_fields.LOYALTY_TRAITS.items()
            }
        return bounds


@cache
def _converter(use: Use) -> _Converter:
    spec = APISpec("", "", "3.1.0")
    converter = _Converter(spec.openapi_version, lambda _schema: "", spec)  # nested: inline
    converter.use = use
    return converter


def _paragraphs(schema: Schema) -> str:
    """The docstring of a schema, a line for each of its paragraphs."""
    paragraphs = inspect.cleandoc(type(schema).__doc__ or "").split("\n\n")
    return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _meaning(field: fields.Field[Any]) -> dict[str, Any]:
    for kind, meaning in _MEANINGS.items():
        if isinstance(field, kind):
            return {"description": meaning}
    return {}


def _or_null(converted: dict[str, Any]) -> dict[str, Any]:
    """The same schema, with null as a further value."""
    if "type" not in converted:
        return converted
    types = converted["type"] if isinstance(converted["type"], list) else [converted["type"]]
    more: dict[str, Any] = {"type": [*types, *(["null"] if "null" not in types else [])]}
    if "enum" in converted and None not in converted["enum"]:
        more["enum"] = [*converted["enum"], None]
    return {**converted, **more}


def _text(field: Any) -> dict[str, Any]:
    if isinstance(field, Referrer | RequestedLanguage):
        return {}
    bounds = {"minLength": field.shortest, "maxLength": field.longest}
    return bounds | ({"pattern": _PRINTABLE} if field.printable else {})


def _whole(field: Any) -> dict[str, Any]:
    bounds = {"minimum": field.least, "maximum": field.most}
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _identifiers(field: Any) -> dict[str, Any]:
    return {
        "additionalProperties": {"type": ["string", "integer", "boolean", "null"]},
        "propertyNames": {"pattern": NAME, "maxLength": MAX_NAME},
        "minProperties": 0 if isinstance(field, OptionalIdentifiers) else 1,
        "maxProperties": MAX_IDENTIFIERS,
    }


_COUNT = {"type": "integer", "minimum": 0}
_BOUNDS: Mapping[type[fields.Field[Any]], Callable[[Any], dict[str, Any]]] = {
    Text: _text,
    Name: lambda _field: {"pattern": NAME, "maxLength": MAX_NAME},
    event_types.EventType: lambda _field: {
        "not": {"anyOf": [{"const": "identity_changed"}, {"pattern": "^segment_"}]}
    },
    Choice: lambda field: {"enum": list(field.choices)},
    Integer: _whole,
    event_fields.Quantity: lambda _field: {"minimum": 0, "maximum": event_fields.MAX_QUANTITY},
    Currency: lambda _field: {"pattern": "^[A-Z]{3}$"},
    Instant: lambda _field: {"format": "date-time"},
    MapOf: lambda field: {
        "propertyNames": {"pattern": _WORD} if field.names is None else _text(field.names),
        "minProperties": field.fewest,
        "maxProperties": field.most,
    },
    Identifiers: _identifiers,
    Versions: lambda _field: {"additionalProperties": _COUNT},
    Token: lambda _field: {"maxProperties": MAX_STREAMS},
    Stock: lambda _field: {"additionalProperties": _COUNT, "maxProperties": MAX_ITEMS},
    ListOf: lambda field: {"minItems": field.fewest, "maxItems": field.most},
}


def _has(name: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


# What marshmallow's `validates_schema` checks, in JSON Schema's words. A test holds both together.
_EITHER_WAY = {"oneOf": [_has("profile_id"), _has("identifiers")]}
_ACROSS: Mapping[type[Schema], dict[str, Any]] = {
    GetProfileRequest: _EITHER_WAY,
    MembershipsRequest: _EITHER_WAY,
    TimelineRequest: _EITHER_WAY,
    FindRequest: {"oneOf": [_has("who"), _has("identifiers")]},
    event_types.Product: {"anyOf": [{"required": ["product_id"]}, {"required": ["sku"]}]},
    event_types.ValuedData: {"dependencies": {"value": ["currency"]}},
    event_types.OrderRefunded: {
        "dependencies": {"amount": ["currency"], "total": ["currency"]},
        "if": {
            "required": ["without_order"],
            "properties": {"without_order": {"const": True}},
        },
        "then": {
            "not": {"required": ["order_id"]},
            "anyOf": [{"required": ["amount"]}, {"required": ["total"]}],
        },
        "else": {"required": ["order_id"]},
    },
    event_types.ConsentChanged: {
        "anyOf": [{"required": ["purpose", "granted"]}, {"required": ["purposes"]}],
        "dependencies": {
            "purposes": {"not": {"anyOf": [{"required": ["purpose"]}, {"required": ["granted"]}]}}
        },
    },
}


def _across(schema: Schema) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    for kind, rule in _ACROSS.items():
        if isinstance(schema, kind):
            rules |= rule
    return rules
