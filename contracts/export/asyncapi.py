"""The AsyncAPI 3.0 document: exchanges, routing keys, messages and calls, on RabbitMQ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from chassis.config.broker import RPC_EXCHANGE
from contracts.export.entries import EVERY, Call, EventKind

CallPath = Callable[[Call], PurePosixPath]
EventPath = Callable[[str, str, int], PurePosixPath]

_ABOUT = """\
What happened, who it is, which segments, and what to show at the checkout.
Events: bind a queue of yours to the exchange of a service, with the types that you want as
routing keys. Calls: send to the exchange of calls, name your reply queue in reply_to, and wait
with a bound. A reader must bear fields, event types and values that it does not know.\
"""
_REPLIES = "replies"
_TRACE = "traceparent"
_ERRORS = ("InvalidInput", "NotFound", "Conflict", "Refused", "Unavailable", "Failure")


def asyncapi(
    services: Iterable[str],
    calls: Iterable[Call],
    kinds: Iterable[EventKind],
    call_path: CallPath,
    event_path: EventPath,
) -> dict[str, Any]:
    """The document; its messages refer to the JSON Schemas beside it."""
    offered = [(name, call) for name in services for call in calls if call.service in (name, EVERY)]
    events = list(kinds)
    sources = list(dict.fromkeys(kind.source for kind in events))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Checkout CDP",
            "version": "1",
            "description": _ABOUT,
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "defaultContentType": "application/json",
        "servers": {
            "development": {
                "host": "localhost:5672",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "description": "RabbitMQ as `make run` finds or starts it.",
            }
        },
        "channels": {
            **{f"{name}-events": _event_channel(name, events) for name in sources},
            **{f"{name}-calls": _call_channel(name, offered) for name in services},
            _REPLIES: _reply_channel(offered),
        },
        "operations": {
            **{f"{name}-tell": _send_operation(name, events) for name in sources},
            **{f"{name}-{call.method}": _receive_operation(name, call) for name, call in offered},
        },
        "components": {
            "messages": {
                **{_message_of(kind): _event_message(kind, event_path) for kind in events},
                "profiles-own_event": _own_event(),
                **dict(_call_messages(calls, call_path)),
            },
            "schemas": {"error": _error(), _TRACE: _traceparent()},
            "correlationIds": {
                "call": {
                    "description": "What the caller chose; the reply carries the same.",
                    "location": "$message.header#/correlation_id",
                }
            },
        },
    }


def _event_channel(source: str, kinds: list[EventKind]) -> dict[str, Any]:
    return {
        "address": "{type}",
        "title": f"Events of {source}",
        "description": "The routing key is the event's type; # gets all of them.",
        "parameters": {
            "type": {
                "description": "An event's type.",
                "examples": [kind.type for kind in kinds if kind.source == source],
            }
        },
        "messages": {name: _component(name) for name in _events_of(source, kinds)},
        "bindings": _exchange(f"{source}.events"),
    }


def _call_channel(name: str, offered: list[tuple[str, Call]]) -> dict[str, Any]:
    methods = [call for service, call in offered if service == name]
    return {
        "address": f"{name}.{{method}}",
        "title": f"Calls of {name}",
        "parameters": {
            "method": {
                "description": "A call's method.",
                "enum": [call.method for call in methods],
            }
        },
        "messages": {_request_of(call): _component(_request_of(call)) for call in methods},
        "bindings": _exchange(RPC_EXCHANGE),
    }


def _reply_channel(offered: list[tuple[str, Call]]) -> dict[str, Any]:
    names = dict.fromkeys(_reply_of(call) for _, call in offered)
    return {
        "address": None,
        "title": "Replies",
        "description": "Sent to the caller's own queue: reply_to is the routing key.",
        "messages": {name: _component(name) for name in names},
        "bindings": _exchange(RPC_EXCHANGE),
    }


def _exchange(name: str) -> dict[str, Any]:
    exchange = {"name": name, "type": "topic", "durable": True, "autoDelete": False, "vhost": "/"}
    return {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}}


def _send_operation(source: str, kinds: list[EventKind]) -> dict[str, Any]:
    channel = f"{source}-events"
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": f"{source} tells what it has recorded.",
        "messages": [_in_channel(channel, name) for name in _events_of(source, kinds)],
        "bindings": {"amqp": {"deliveryMode": 2, "bindingVersion": "0.3.0"}},
    }


def _receive_operation(name: str, call: Call) -> dict[str, Any]:
    channel = f"{name}-calls"
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": call.summary,
        "messages": [_in_channel(channel, _request_of(call))],
        "reply": {
            "address": {"location": "$message.header#/reply_to"},
            "channel": {"$ref": f"#/channels/{_REPLIES}"},
            "messages": [_in_channel(_REPLIES, _reply_of(call))],
        },
    }


def _events_of(source: str, kinds: list[EventKind]) -> list[str]:
    names = [_message_of(kind) for kind in kinds if kind.source == source]
    return [*names, "profiles-own_event"] if source == "profiles" else names


def _event_message(kind: EventKind, event_path: EventPath) -> dict[str, Any]:
    return {
        "name": kind.type,
        "title": f"{kind.type}, version {kind.version}",
        "summary": kind.summary,
        "headers": _event_headers(),
        "payload": {"$ref": str(event_path(kind.source, kind.type, kind.version))},
    }


def _own_event() -> dict[str, Any]:
    return {
        "name": "own_event",
        "title": "An event of the shop's own",
        "summary": "Any other type in snake_case; its data is the shop's.",
        "headers": _event_headers(),
        "payload": {"$ref": "events/event.json"},
    }


def _call_messages(
    calls: Iterable[Call], call_path: CallPath
) -> Iterable[tuple[str, Mapping[str, Any]]]:
    for call in calls:
        schema = f"{call_path(call)}#/properties"
        yield (
            _request_of(call),
            {
                "name": _request_of(call),
                "title": f"Call {call.service}.{call.method}",
                "payload": {
                    "type": "object",
                    "required": ["args", "kwargs"],
                    "properties": {
                        "args": {"type": "array", "maxItems": 0},
                        "kwargs": {"$ref": f"{schema}/arguments"},
                    },
                },
                "headers": _call_headers(),
                "correlationId": {"$ref": "#/components/correlationIds/call"},
            },
        )
        yield (
            _reply_of(call),
            {
                "name": _reply_of(call),
                "title": f"Reply of {call.service}.{call.method}",
                "payload": {
                    "type": "object",
                    "required": ["result", "error"],
                    "properties": {
                        "result": {"anyOf": [{"$ref": f"{schema}/result"}, {"type": "null"}]},
                        "error": {
                            "anyOf": [{"$ref": "#/components/schemas/error"}, {"type": "null"}]
                        },
                    },
                },
                "headers": _headers("correlation_id"),
                "correlationId": {"$ref": "#/components/correlationIds/call"},
            },
        )


def _headers(*names: str) -> dict[str, Any]:
    """Properties of AMQP's basic.properties, which AsyncAPI has no other place for."""
    texts = {name: {"type": "string"} for name in names}
    return {"type": "object", "required": list(names), "properties": texts}


def _call_headers() -> dict[str, Any]:
    """Of a call; only the trace is an application header."""
    headers = _headers("reply_to", "correlation_id")
    return {**headers, "properties": {**headers["properties"], **_event_headers()["properties"]}}


def _event_headers() -> dict[str, Any]:
    """Of an event: no other than its trace, if it has one."""
    return {
        "type": "object",
        "properties": {_TRACE: {"$ref": f"#/components/schemas/{_TRACE}"}},
    }


def _error() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "exc_args are the subject (a field's path or a thing) and the message.",
        "required": ["exc_type", "exc_path", "exc_args", "value"],
        "properties": {
            "exc_type": {"type": "string", "examples": list(_ERRORS)},
            "exc_path": {"type": "string"},
            "exc_args": {"type": "array", "items": {"type": "string"}},
            "value": {"type": "string"},
        },
    }


def _traceparent() -> dict[str, Any]:
    return {
        "type": "string",
        "description": "The trace that a message belongs to, as W3C Trace Context defines it.",
        "examples": ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
    }


def _message_of(kind: EventKind) -> str:
    return f"{kind.source}-{kind.type}-v{kind.version}"


def _request_of(call: Call) -> str:
    return f"{call.service}-{call.method}-request"


def _reply_of(call: Call) -> str:
    return f"{call.service}-{call.method}-reply"


def _component(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/messages/{name}"}


def _in_channel(channel: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{channel}/messages/{name}"}
