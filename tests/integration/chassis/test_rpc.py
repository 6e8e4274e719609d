"""RPC over both brokers: every call gets a response that its caller can understand."""

from __future__ import annotations

import json
import pickle
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import amqp
import eventlet
import eventlet.event
import pytest
from kombu import Connection
from kombu.transport.pyamqp import Message

from chassis import InvalidInput, NotFound, ServiceError, Unavailable
from chassis.core import errors as kinds
from chassis.core.errors import Failure, Refused
from chassis.runtime.client import Client
from chassis.runtime.remote import SafeReplyListener
from chassis.runtime.rpc import SafeRpcConsumer
from tests.support.toy_services import Profiles, Wire, wait_until

CALL = json.dumps({"args": [1], "kwargs": {}})
JSON = {"content_type": "application/json", "content_encoding": "utf-8"}


def refused(
    wire: Wire, kind: type[ServiceError], service: str, method: str, /, **arguments: Any
) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        wire.call(service, method, **arguments)
    assert type(caught.value) is kind, caught.value
    return caught.value


def through(wire: Wire, method: str, **arguments: Any) -> Any:
    """What segments gets when it calls profiles."""
    return wire.call("segments", "call_profiles", method=method, arguments=arguments)


def test_a_call_is_answered(wire: Wire) -> None:
    assert wire.call("profiles", "echo", value={"a": [1, "Ω", None]}) == [
        {"a": [1, "Ω", None]},
        None,
    ]
    assert wire.call("profiles", "ping")["service"] == "profiles"


@pytest.mark.parametrize(
    "kind", ["InvalidInput", "NotFound", "Conflict", "Refused", "Unavailable", "Failure"]
)
def test_an_error_arrives_as_what_it_was(wire: Wire, kind: str) -> None:
    error = refused(wire, getattr(kinds, kind), "profiles", "fail", kind=kind)
    assert (error.subject, error.message) == ("events[0].time", "has no time zone")


def test_what_went_wrong_inside_is_a_failure_that_quotes_nothing(wire: Wire) -> None:
    for arguments in ({"kind": "unexpected"}, {"kind": "NoSuchError"}):
        error = refused(wire, Failure, "profiles", "fail", **arguments)
        assert error.subject == "profiles"
        assert "jane" not in str(error)
    assert refused(wire, Failure, "profiles", "odd").subject == "profiles"


def test_wrong_arguments_are_named(wire: Wire) -> None:
    assert "is not an argument of echo; it has value, other" in str(
        refused(wire, InvalidInput, "profiles", "echo", value=1, valeu=2)
    )
    assert refused(wire, InvalidInput, "profiles", "echo", value=1, valeu=2).subject == "valeu"
    assert refused(wire, InvalidInput, "profiles", "echo", other=2).subject == "value"
    assert refused(wire, InvalidInput, "profiles", "nothing", x=1).subject == "x"


def test_half_of_a_surrogate_pair_is_quoted_as_it_came(wire: Wire) -> None:
    assert refused(wire, InvalidInput, "profiles", "echo", value=1, **{"v\ud800": 2}).subject == (
        "v\ud800"
    )
    assert wire.call("profiles", "echo", value="\ud800") == ["\ud800", None]


def test_positional_arguments_are_counted(wire: Wire) -> None:
    response = wire.request(json.dumps({"args": [1, 2, 3], "kwargs": {}}), **JSON)
    assert response["error"]["exc_args"] == ["args", "echo takes 2: value, other"]
    response = wire.request(json.dumps({"args": [1], "kwargs": {"value": 2}}), **JSON)
    assert response["error"]["exc_args"] == ["value", "is given twice"]
    response = wire.request(json.dumps({"args": [], "kwargs": {"self": 1, "value": 2}}), **JSON)
    assert response["error"]["exc_args"][0] == "self"
    assert wire.request(json.dumps({"args": [1, 2], "kwargs": {}}), **JSON)["result"] == [1, 2]


def test_a_method_that_is_not_there_is_not_found(wire: Wire) -> None:
    error = refused(wire, NotFound, "profiles", "record_all", events=[])
    assert (error.subject, error.message) == (
        "profiles.record_all",
        "is not a method of the service",
    )


def test_a_service_that_is_not_there_is_unavailable(wire: Wire) -> None:
    with Client(wire.uri_of("client"), timeout=0.3) as client, pytest.raises(Unavailable) as caught:
        client.call("nobody", "ping")
    assert caught.value.subject == "nobody"


@pytest.mark.parametrize(
    ("body", "properties"),
    [
        (b"{", JSON),
        (b"\xff\xfe", JSON),
        (b"", JSON),
        (b"[1]", JSON),
        (b'"text"', JSON),
        (b'{"args": []}', JSON),
        (b'{"args": {}, "kwargs": {}}', JSON),
        (b'{"args": [], "kwargs": []}', JSON),
        (CALL, {}),
        (CALL, {"content_type": "text/plain", "content_encoding": "utf-8"}),
        (CALL, {"content_type": "application/xml", "content_encoding": "utf-8"}),
        (CALL, {"content_type": "application/data", "content_encoding": "binary"}),
        (CALL, {"content_type": "application/text", "content_encoding": "utf-8"}),
        (
            pickle.dumps({"args": [], "kwargs": {}}),
            {"content_type": "application/x-python-serialize", "content_encoding": "binary"},
        ),
        (CALL, {**JSON, "headers": {"compression": "application/x-gzip"}}),
    ],
)
def test_a_message_that_is_no_call_is_answered_and_kills_nobody(
    wire: Wire, body: Any, properties: Any
) -> None:
    response = wire.request(body, **properties)
    assert response["result"] is None
    assert response["error"]["exc_type"] == "InvalidInput"
    assert response["error"]["exc_args"][0] == "payload"
    assert wire.call("profiles", "echo", value=1) == [1, None]


@pytest.mark.parametrize("stack", [5, "text", [1, 2], [{"a": 1}], {}])
def test_a_call_whose_trace_is_spoilt_is_answered(wire: Wire, stack: Any) -> None:
    response = wire.request(CALL, **JSON, headers={"nameko.call_id_stack": stack})
    assert response == {"result": [1, None], "error": None}
    assert wire.call("profiles", "echo", value=1) == [1, None]


def test_a_message_without_a_return_address_kills_nobody(wire: Wire) -> None:
    for body in (CALL, "{", '{"args": []}'):
        wire.publish("client", "nameko-rpc", "profiles.echo", body, **JSON)
    wire.publish("client", "nameko-rpc", "profiles.echo", CALL, content_type="text/plain")
    wire.publish("client", "nameko-rpc", "profiles.echo", CALL)
    for _ in range(20):  # more than there are workers: none of them is still taken
        assert wire.call("profiles", "echo", value=1) == [1, None]


def test_a_message_to_no_method_is_answered(wire: Wire) -> None:
    response = wire.request(CALL, key="profiles.no_such_method", **JSON)
    error = response["error"]
    assert error["exc_args"] == ["profiles.no_such_method", "is not a method of the service"]


def test_a_slow_call_holds_up_no_other(wire: Wire) -> None:
    slow = eventlet.spawn(wire.call, "profiles", "sleep", seconds=1.0)
    eventlet.sleep(0.1)
    assert wire.call("profiles", "echo", value=1) == [1, None]
    assert not slow.dead
    assert slow.wait() == 1.0


# One service calls another


def test_a_service_gets_the_answer_and_the_error_of_another(wire: Wire) -> None:
    assert wire.call("segments", "call_profiles", method="echo", arguments={"value": 1}) == [
        1,
        None,
    ]
    for kind in (InvalidInput, NotFound, Unavailable):
        error = refused(
            wire,
            kind,
            "segments",
            "call_profiles",
            method="fail",
            arguments={"kind": kind.__name__},
        )
        assert error.subject == "events[0].time"
    error = refused(
        wire, Failure, "segments", "call_profiles", method="fail", arguments={"kind": "unexpected"}
    )
    assert "jane" not in str(error)


def test_a_service_waits_for_another_no_longer_than_it_said(wire: Wire) -> None:
    error = refused(
        wire, Unavailable, "segments", "call_profiles", method="sleep", arguments={"seconds": 3}
    )
    assert (error.subject, error.message) == ("profiles", "did not answer in 1 s; try again")
    assert wire.call("segments", "call_profiles", method="echo", arguments={"value": 1}) == [
        1,
        None,
    ]


def test_a_call_that_was_given_up_is_expected_no_longer(wire: Wire) -> None:
    (listener,) = (
        extension
        for container in wire.runner.containers
        for extension in container.extensions
        if container.service_name == "segments" and isinstance(extension, SafeReplyListener)
    )
    before = len(listener._reply_events)
    Profiles.woken = eventlet.event.Event()
    try:
        for _ in range(2):
            refused(
                wire,
                Unavailable,
                "segments",
                "call_profiles",
                method="sleep_until_woken",
                arguments={},
            )
        assert len(listener._reply_events) <= before + 1, "a ping may be under way"
    finally:
        Profiles.woken.send()


def test_events_carry_the_id_of_the_call_that_began_it_all(wire: Wire) -> None:
    wire.call("segments", "call_profiles", method="put", arguments={"streams": ["traced"]})
    (event,) = wire.call("profiles", "history", streams=[{"stream": "traced", "after": 0}])[
        "events"
    ]
    assert "call_profiles" in event["correlationid"] or "standalone" in event["correlationid"]


# What every service answers


def test_heads_come_in_the_order_of_transactions_or_by_name(wire: Wire) -> None:
    wire.call("profiles", "put", streams=["headed", "headed", "followed"])
    page = wire.call("profiles", "heads", streams=["headed", "unknown"])
    (head,) = page["streams"]
    assert (head["stream"], head["version"], head["restored_to"]) == ("headed", 2, 0)
    assert page["horizon"] > 0
    assert page["incarnation"] == 1
    everything = wire.call("profiles", "heads", limit=1_000)["streams"]
    assert head in everything
    place = {"changed_in": head["changed_in"], "stream": "headed"}
    later = wire.call("profiles", "heads", after=place, limit=1_000)["streams"]
    assert head not in later
    assert all(each in everything for each in later)


def test_a_service_that_is_ahead_of_nothing_says_so(wire: Wire) -> None:
    assert wire.call("segments", "ahead", source="profiles") == {"incarnation": 1, "streams": []}


def test_the_log_is_read_in_pages(wire: Wire) -> None:
    wire.call("profiles", "put", streams=["paged"] * 5)
    first = wire.call("profiles", "history", streams=[{"stream": "paged", "after": 1}], limit=2)
    assert [event["sequence"] for event in first["events"]] == [2, 3]
    heads = wire.call("profiles", "streams", changed_since=0, limit=1_000)["streams"]
    (head,) = [head for head in heads if head["stream"] == "paged"]
    assert head["version"] == 5
    after = wire.call(
        "profiles", "streams", changed_since=head["changed_at"], after="paged", limit=1_000
    )
    assert all(head["stream"] != "paged" for head in after["streams"])


@pytest.mark.parametrize(
    ("method", "arguments", "field"),
    [
        ("history", {"streams": "s"}, "streams"),
        ("history", {"streams": [{"stream": "s"}] * 1_001}, "streams"),
        ("history", {"streams": ["s"]}, "streams[0]"),
        ("history", {"streams": [{"stream": "s"}, {"stream": 1}]}, "streams[1].stream"),
        ("history", {"streams": [{"stream": "s", "after": "1"}]}, "streams[0].after"),
        ("history", {"streams": [{"stream": "s", "after": -1}]}, "streams[0].after"),
        ("history", {"streams": [{"stream": "s", "after": 2**31}]}, "streams[0].after"),
        ("history", {"streams": [{"stream": "s\0", "after": 0}]}, "streams[0].stream"),
        ("history", {"streams": [{"stream": "s\ud800", "after": 0}]}, "streams[0].stream"),
        ("behind", {"source": "profiles", "places": {"s\ud800": 1}}, "places"),
        ("history", {"streams": [], "limit": 0}, "limit"),
        ("history", {"streams": [], "limit": 1_001}, "limit"),
        ("history", {"streams": [], "limit": True}, "limit"),
        ("streams", {"changed_since": "now"}, "changed_since"),
        ("streams", {"changed_since": 2**63}, "changed_since"),
        ("streams", {"changed_since": 1.5}, "changed_since"),
        ("streams", {"after": 1}, "after"),
        ("streams", {"after": "s\0"}, "after"),
        ("streams", {"limit": -1}, "limit"),
        ("heads", {"after": "s"}, "after"),
        ("heads", {"after": {"changed_in": -1, "stream": ""}}, "after.changed_in"),
        ("heads", {"after": {"changed_in": 1}}, "after.stream"),
        ("heads", {"streams": "s"}, "streams"),
        ("heads", {"streams": ["s"] * 1_001}, "streams"),
        ("heads", {"streams": ["s", 1]}, "streams[1]"),
        ("heads", {"limit": 0}, "limit"),
        ("ahead", {"source": 1}, "source"),
        ("ahead", {"source": "profiles", "after": 1}, "after"),
        ("dead_letters", {"limit": "all"}, "limit"),
        ("dead_letters", {"redriven": "no"}, "redriven"),
        ("dead_letter", {"id": 1}, "id"),
        ("redrive", {"id": None}, "id"),
        ("redrive", {"id": "\0"}, "id"),
    ],
)
def test_a_wrong_question_is_refused_by_its_field(
    wire: Wire, method: str, arguments: Any, field: str
) -> None:
    assert refused(wire, InvalidInput, "segments", method, **arguments).subject == field


def test_a_dead_letter_that_is_not_there_is_not_found(wire: Wire) -> None:
    assert (
        refused(wire, NotFound, "segments", "redrive", id="no-such-letter").subject == "dead letter"
    )
    assert (
        refused(wire, NotFound, "segments", "dead_letter", id="no-such-letter").subject
        == "dead letter"
    )


# The broker goes away


def test_a_broker_that_is_not_there_is_unavailable_and_not_a_stack_trace() -> None:
    with pytest.raises(Unavailable, match="broker"), Client("amqp://localhost:1/", timeout=1):
        pass


on_rabbitmq = pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True, scope="module")


@on_rabbitmq
def test_a_broker_that_does_not_know_us_refuses_with_the_reason_and_no_password(
    broker: Any,
) -> None:
    for uri, message in (
        (broker.uri("client").replace("only-for-tests", "wrong"), "the user .* or the password"),
        (f"{broker.uri('client')}-nowhere", "no virtual host .*-nowhere"),
    ):
        with pytest.raises(Refused, match=message) as caught, Client(uri, timeout=1):
            pass
        assert "only-for-tests" not in str(caught.value)


@on_rabbitmq
def test_calls_go_on_after_every_connection_was_closed(wire: Wire, broker: Any) -> None:
    broker.cut_connections()

    def answered() -> bool:
        try:
            return bool(through(wire, "echo", value=1) == [1, None])
        except Unavailable:
            return False

    wait_until(answered)


@on_rabbitmq
def test_a_client_that_was_cut_off_says_so(wire: Wire, broker: Any) -> None:
    with Client(broker.uri("client"), timeout=5) as client:
        assert client.call("profiles", "echo", value=1) == [1, None]
        broker.cut_connections()
        for _ in range(3):
            with suppress(Unavailable):
                client.call("profiles", "echo", value=1)
    wait_until(lambda: wire.call("profiles", "echo", value=1))


def test_an_answer_whose_connection_is_lost_while_others_write_is_left_to_the_next_call(
    virtual_hosts: Any,
) -> None:
    """nameko would end the whole service for any other error."""
    connection = Connection(virtual_hosts.create().operator_uri())
    channel = connection.channel()
    queue = channel.queue_declare(exclusive=True).queue
    call = amqp.Message("{}", reply_to="nobody", correlation_id="1")
    channel.basic_publish_confirm(call, routing_key=queue)
    message = Message(channel.basic_get(queue), channel=channel)
    consumer = SafeRpcConsumer()
    consumer.container = SimpleNamespace(config={})
    consumer._writing.acquire()
    answering = eventlet.spawn(consumer.handle_result, message, "response", None)
    eventlet.sleep(0)
    connection.collect()
    consumer._writing.release()
    assert answering.wait() == ("response", None)
