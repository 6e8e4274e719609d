"""Generation: each document of the inventory as plain JSON, and the name of its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from contracts.common import CloudEvent
from contracts.export.asyncapi import asyncapi
from contracts.export.conversion import json_schema
from contracts.export.entries import Call, EventKind
from contracts.export.inventory import CALLS, EVENTS
from contracts.topology import SERVICE_NAMES

DRAFT = "http://json-schema.org/draft-07/schema#"
ASYNCAPI = PurePosixPath("asyncapi.yaml")


@dataclass(frozen=True, slots=True)
class Document:
    """A document, and its path in docs/contracts."""

    path: PurePosixPath
    content: Mapping[str, Any]


def call_path(call: Call) -> PurePosixPath:
    """Where the document of a call is."""
    return PurePosixPath("calls", call.service, f"{call.method}.json")


def event_path(source: str, event_type: str, version: int) -> PurePosixPath:
    """Where the document of an event at a version is; its sample has that name in tests/golden."""
    return PurePosixPath("events", source, f"{event_type}.v{version}.json")


def call_document(call: Call) -> dict[str, Any]:
    """`properties.arguments` and `properties.result` are the schemas of a call's two halves."""
    arguments = json_schema(call.arguments, "request")
    if call.otherwise is not None:
        arguments = {"anyOf": [arguments, json_schema(call.otherwise, "request")]}
    return {
        "$schema": DRAFT,
        "title": f"{call.service}.{call.method}",
        "description": call.summary,
        "type": "object",
        "properties": {
            "arguments": arguments,
            "result": json_schema(call.result, "emitted"),
        },
    }


def event_document(kind: EventKind) -> dict[str, Any]:
    """The schema of an event as it is on the wire, at its present version."""
    envelope = json_schema(CloudEvent(), "emitted")
    properties = envelope["properties"]
    data = json_schema(kind.data, kind.use)
    if kind.use == "ingested":
        data["properties"]["context"] = {
            "type": "object",
            "description": "The context that the shop sent with the event.",
        }
    properties["source"] = {"type": "string", "const": f"/{kind.source}"}
    properties["type"] = {"type": "string", "const": kind.type}
    properties["schemaversion"] = {"type": "integer", "const": kind.version}
    properties["data"] = data
    if kind.joint:
        properties["joint"] = {"type": "boolean", "const": True}
        envelope["required"] = sorted([*envelope["required"], "joint"])
    return {
        "$schema": DRAFT,
        "title": f"{kind.source}.{kind.type}.v{kind.version}",
        **envelope,
        "description": kind.summary,
    }


def documents() -> list[Document]:
    """All documents of the present schemas."""
    envelope = {"$schema": DRAFT, "title": "event", **json_schema(CloudEvent(), "emitted")}
    return [
        Document(PurePosixPath("events", "event.json"), envelope),
        *(
            Document(event_path(kind.source, kind.type, kind.version), event_document(kind))
            for kind in EVENTS
        ),
        *(Document(call_path(call), call_document(call)) for call in CALLS),
        Document(ASYNCAPI, asyncapi(SERVICE_NAMES, CALLS, EVENTS, call_path, event_path)),
    ]
