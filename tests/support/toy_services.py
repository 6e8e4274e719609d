"""The toy as services: "profiles" writes notes, "segments" follows them.

They have the names of real services because the broker's permissions go by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import amqp
import eventlet
import eventlet.event
from kombu import Connection, Consumer, Exchange, Queue

from chassis import SystemClock
from chassis.config.settings import Settings
from chassis.core import errors
from chassis.core.event import Event
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.messaging import embedded
from chassis.projections.inbox import Projection
from chassis.runtime.client import Client
from chassis.runtime.runner import Runner
from chassis.runtime.service import FollowedLog, Remote, Service, rpc, subscribe
from tests.support.toy import Notes, append, folds, joint_note, note, work_on

SERVICES = ("profiles", "segments")


class Profiles(Service):
    """`woken` is what `sleep_until_woken` waits for: a process stops when its calls have ended."""

    name = "profiles"

    woken: ClassVar[eventlet.event.Event]

    @rpc
    def put(self, streams: Any, amount: Any = 1) -> Any:
        """Append a note to each stream; {stream: version}."""
        drafts = [note(stream, amount) for stream in streams]
        events = append(self.work, *drafts)
        return {event.stream: event.version for event in events}

    @rpc
    def put_joint(self, streams: Any) -> Any:
        """Append one note to all the streams at once; {stream: version}."""
        return append(self.work, joint_note(streams))[0].versions

    @rpc
    def echo(self, value: Any, other: Any = None) -> Any:
        return [value, other]

    @rpc
    def nothing(self) -> None:
        """It takes no argument."""

    @rpc
    def fail(self, kind: Any) -> None:
        """Raise the error of this name."""
        if kind == "unexpected":
            raise ZeroDivisionError("a value of jane@example.com")
        raise getattr(errors, kind)("events[0].time", "has no time zone")

    @rpc
    def text(self, characters: Any) -> Any:
        """A response of that size."""
        return "x" * characters

    @rpc
    def put_text(self, stream: Any, characters: Any) -> Any:
        """Append a note of that size."""
        append(self.work, note(stream, 1, data={"amount": 1, "text": "x" * characters}))

    @rpc
    def odd(self) -> Any:
        """A response that is no JSON."""
        return {object()}

    @rpc
    def sleep(self, seconds: Any) -> Any:
        eventlet.sleep(seconds)
        return seconds

    @rpc
    def sleep_until_woken(self) -> None:
        type(self).woken.wait()


class Segments(Service):
    """`trouble(event)` is called before each event is applied; what it raises, applying raises."""

    name = "segments"
    trouble: ClassVar[Callable[[Event], object]] = lambda event: None

    profiles: Any = Remote("profiles", timeout=1.0)
    profiles_log: Any = FollowedLog("profiles")

    @subscribe("profiles")
    def profile_events(self) -> Projection:
        return Notes(lambda event: type(self).trouble(event))

    @rpc
    def catch_up(self, at_least: Any, seconds: Any) -> Any:
        return self.profiles_log.catch_up(at_least, self.profile_events(), seconds)

    @rpc
    def call_profiles(self, method: Any, arguments: Any) -> Any:
        return self.profiles.call(method, **arguments)


class Wire:
    """Both services of the toy, running in this process on one broker."""

    def __init__(
        self,
        uri_of: Callable[[str], str],
        database_uris: Mapping[str, str],
        services: Sequence[type[Service]] = (Profiles, Segments),
        **options: Any,
    ) -> None:
        self.uri_of = uri_of
        options = {"reconcile_seconds": 1.0} | options
        self.runner = Runner(
            [
                (
                    service,
                    Settings(
                        service=service.name,
                        database_uri=database_uris[service.name],
                        amqp_uri=uri_of(service.name),
                        clock=SystemClock(),
                        identifier_key=b"k",
                        **options,
                    ),
                )
                for service in services
            ]
        )
        self.databases = {name: Database(database_uris[name]) for name in SERVICES}
        self.log: UnitOfWorkRunner = work_on(self.databases["profiles"], "profiles")
        self.own: UnitOfWorkRunner = work_on(self.databases["segments"], "segments")

    def start(self) -> None:
        self.runner.start()

    def stop(self) -> None:
        self.runner.stop()
        for database in self.databases.values():
            database.close()

    def call(self, service: str, method: str, /, **arguments: Any) -> Any:
        with Client(self.uri_of("client"), timeout=10.0) as client:
            return client.call(service, method, **arguments)

    def versions(self, streams: Sequence[str]) -> dict[str, int]:
        """How far segments has come in `streams`."""
        rows = self.own.read(lambda unit: folds(unit.connection, streams))
        return {stream: version for stream, (version, _) in rows.items()}

    def letters(self) -> list[dict[str, Any]]:
        return list(self.call("segments", "dead_letters"))

    @contextmanager
    def channel(self, user: str) -> Iterator[Any]:
        """A channel of a broker's user."""
        embedded.install()
        with Connection(self.uri_of(user)) as connection:
            yield connection.channel()

    def publish(
        self, user: str, exchange: str, key: str, body: bytes | str, /, **properties: Any
    ) -> None:
        """Send a message as it is."""
        with self.channel(user) as channel:
            send(channel, exchange, key, body, **properties)

    def take(self, user: str, queue: str) -> list[Any]:
        """Take all messages out of a queue."""
        messages = []
        with self.channel(user) as channel:
            bound = Queue(queue)(channel)
            while message := bound.get():
                message.ack()
                messages.append(message)
        return messages

    def request(self, body: bytes | str, key: str = "profiles.echo", **properties: Any) -> Any:
        """Send a message as it is to a service's RPC queue; the body of the response."""
        responses: list[Any] = []
        reply_to = "0b9a2b0c-5f2e-4d53-9d3e-3f0f5d1c7a10"
        with self.channel("client") as channel:
            exchange = Exchange("nameko-rpc", "topic", durable=True)
            name = "rpc.reply-standalone_rpc_proxy-ask"
            queue = Queue(name, exchange, reply_to, durable=False, auto_delete=True)(channel)
            queue.declare()
            with Consumer(channel, [queue], on_message=responses.append, auto_declare=False):
                all_properties = {"reply_to": reply_to, "correlation_id": "c-1", **properties}
                send(channel, exchange.name, key, body, **all_properties)
                while not responses:
                    channel.connection.client.drain_events(timeout=10)
            responses[0].ack()
            assert responses[0].properties["correlation_id"] == "c-1"
            return responses[0].payload


def send(
    channel: Any,
    exchange: str,
    key: str,
    body: bytes | str,
    /,
    headers: Any = None,
    **properties: Any,
) -> None:
    """Send a message with these properties and no others."""
    data = body.encode() if isinstance(body, str) else body
    if isinstance(channel, amqp.Channel):
        message = amqp.Message(data, application_headers=headers, **properties)
    else:
        named = {name: properties.pop(name, None) for name in ("content_type", "content_encoding")}
        message = channel.prepare_message(data, headers=headers, properties=properties, **named)
    channel.basic_publish(message, exchange=exchange, routing_key=key)


def wait_until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    """Wait for `condition()`; an AssertionError if it stays false."""
    with eventlet.Timeout(seconds, AssertionError("waited in vain")):
        while not condition():
            eventlet.sleep(0.02)
