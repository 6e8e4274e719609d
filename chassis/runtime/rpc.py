"""nameko's RPC, made safe: clear errors for bad calls, and a limit to every wait."""

from __future__ import annotations

import inspect
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from typing import Any, TypeVar, cast

import amqp
import structlog
from amqp.exceptions import AMQPError, RecoverableConnectionError
from amqp.exceptions import NotFound as NotFoundOnBroker
from eventlet.semaphore import Semaphore
from kombu.utils.json import dumps as dump_ascii
from nameko.amqp.publish import get_producer
from nameko.constants import AMQP_URI_CONFIG_KEY, CALL_ID_STACK_CONTEXT_KEY
from nameko.containers import ServiceContainer, WorkerContext
from nameko.exceptions import (
    ContainerBeingKilled,
    MethodNotFound,
    RemoteError,
    UnserializableValueError,
    deserialize,
)
from nameko.extensions import DependencyProvider
from nameko.messaging import HeaderEncoder, QueueConsumer
from nameko.rpc import (
    RPC_REPLY_QUEUE_TEMPLATE,
    ReplyListener,
    RpcConsumer,
    get_rpc_exchange,
)
from nameko.rpc import Rpc as NamekoRpc

from chassis.core import errors
from chassis.core.deadline import DeadlineExceeded, run_within
from chassis.core.errors import InvalidInput, NotFound, Refused, ServiceError, Unavailable
from chassis.core.json import dump_json
from chassis.messaging.amqp import (
    BROKER_ERRORS,
    JSON,
    bound_waits,
    in_one_write,
    is_too_large,
    publish,
)
from chassis.messaging.exchanges import (
    bind_again,
    ensure_calls_queue,
    ensure_reply_queue,
    is_node_down,
    keep_substitute,
    substitute_queue,
)
from chassis.observability.metrics import CALLS_RETURNED, note_expired
from chassis.observability.tracing import TRACEPARENT, TraceContext, parse_traceparent
from chassis.runtime.expiry import EXPIRY_HEADERS, StallDetector, expiry_headers, lifetime
from chassis.runtime.shared import SharedResources, tracer_of
from chassis.runtime.wire_errors import register_errors, serialize_error

F = TypeVar("F", bound=Callable[..., Any])

_SMALL = 32 * 1024  # characters of a response that is written with the acknowledgement
_RESPOND_SECONDS = 10.0
_RETRY = {"max_retries": 3}
_RECONNECT = {"interval_start": 0.2, "interval_step": 0.4, "interval_max": 1.0}
_WAIT_SECONDS = 5.0

_log = structlog.get_logger("rpc")

register_errors()


class SafeQueueConsumer(QueueConsumer):
    """Responds to a message that cannot be read, which nameko would log and drop; and notices which
    messages may have come while the process stood still (see `chassis.runtime.expiry`)."""

    def __init__(self) -> None:
        super().__init__()
        self.stalls = StallDetector()
        self._connection: Any = None
        self._channel: Any = None
        self._fenced = float("-inf")  # the end of the last stall about which the broker was asked
        self._awaits_fence = False

    def consume(self, *args: Any, **kwargs: Any) -> Any:
        """Checks four times a second, not once, whether it is to stop."""
        return super().consume(*args, safety_interval=0.25, **kwargs)

    def get_consumers(self, consumer_cls: Any, channel: Any) -> Any:
        self._channel = channel
        self._awaits_fence = False  # what a new channel delivers has just left the broker
        self._connection = channel.connection.client
        for provider in self._providers:
            provider.prepare(self._connection)
        return super().get_consumers(partial(consumer_cls, auto_declare=False), channel)

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        """kombu's, but with short pauses, and no wait on the connection is without an end."""
        with self.create_connection() as connection:
            connection.ensure_connection(self.on_connection_error, **_RECONNECT)
            bound_waits(connection, _WAIT_SECONDS)
            yield connection

    def reconnect(self) -> None:
        """Break the connection, so that the consumer makes a new one."""
        connection = self._connection and self._connection.connection
        with suppress(OSError, AttributeError):  # it may be closed already
            connection.transport.sock.shutdown(socket.SHUT_RDWR)

    def on_iteration(self) -> None:
        self._turn()
        super().on_iteration()

    def handle_message(self, provider: Any, body: Any, message: Any) -> None:
        self._turn()
        message.received_at = time.monotonic()
        message.before_fence = self._awaits_fence
        super().handle_message(provider, body, message)

    def _turn(self) -> None:
        """Within the consumer's greenlet: after a stall, ask the broker for a response that follows
        all that it had delivered before."""
        self.stalls.turn()
        if self.stalls.ended_at == self._fenced:
            return
        self._fenced = self.stalls.ended_at
        if isinstance(self._channel, amqp.Channel) and self._channel.connection:
            self._awaits_fence = True
            # Without waiting, as `basic_qos` would: the greenlet that reads responses is this one.
            self._channel._pending[amqp.spec.Basic.QosOk] = self._pass_fence  # noqa: SLF001
            limits = (0, self.prefetch_count, False)
            self._channel.send_method(amqp.spec.Basic.Qos, "lBb", limits)

    def _pass_fence(self, *_response: object) -> None:
        self._awaits_fence = False

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        _log.warning("undecodable_request", error=type(exc).__name__)
        self.container.spawn_managed_thread(partial(self.refuse, message))

    def refuse(self, message: Any) -> None:
        """Respond that a message is not JSON, if it names a queue for the response."""
        if not message.properties.get("reply_to"):
            self.ack_message(message)
            return
        error = serialize_error(InvalidInput("payload", "is not JSON; send application/json"))
        try:
            self.respond(message, _dump({"result": None, "error": error}))
        except BROKER_ERRORS as error:
            _log.warning("answer_lost", error=type(error).__name__)  # the call comes again

    def respond(self, message: Any, response: str) -> None:
        """Respond to a call over another connection, so that a large response delays nobody."""
        try:
            self._publish(message, response)
        except AMQPError as error:
            if not is_too_large(error):
                raise
            _log.warning("response_too_large", characters=len(response))
            refusal = Refused(
                "response", "is larger than the broker takes in one message; ask for less"
            )
            self._publish(message, _dump({"result": None, "error": serialize_error(refusal)}))
        self.ack_message(message)

    def _publish(self, message: Any, response: str) -> None:
        config = self.container.config

        def send() -> None:
            with _producer(config[AMQP_URI_CONFIG_KEY]) as producer:
                producer.publish(
                    response,
                    exchange=get_rpc_exchange(config),
                    routing_key=message.properties["reply_to"],
                    correlation_id=message.properties.get("correlation_id"),
                    **JSON,
                )

        try:
            run_within(_RESPOND_SECONDS, send)
        except DeadlineExceeded:
            raise TimeoutError from None


class SafeReplyListener(ReplyListener):
    """nameko's, on the same connection as the requests."""

    queue_consumer = SafeQueueConsumer()
    shared = SharedResources()
    queue: Any

    def __init__(self) -> None:
        super().__init__()
        self._is_declared = False

    def setup(self) -> None:
        super().setup()
        self.shared.declarations.append(self._bind_again)

    def _bind_again(self, connection: Any) -> None:
        if self._is_declared:  # the broker logs an error for what is bound before
            bind_again(connection, self.queue)

    def prepare(self, connection: Any) -> None:
        """Declare the queue, or one of another name if its node is down."""
        try:
            ensure_reply_queue(connection, self.queue)
        except NotFoundOnBroker as error:
            if not is_node_down(error):
                raise
            name = RPC_REPLY_QUEUE_TEMPLATE.format(self.container.service_name, uuid.uuid4())
            self.queue = self.queue.clone(name=name)
            ensure_reply_queue(connection, self.queue)
        self._is_declared = True

    @contextmanager
    def expecting(self, correlation_id: str) -> Iterator[Any]:
        """The response to a call, to wait for; it is expected no longer than within `with`."""
        try:
            yield self.get_reply_event(correlation_id)
        finally:
            self._reply_events.pop(correlation_id, None)


class SafeRpcConsumer(RpcConsumer):
    """nameko's, in processes that serve RPC, and for messages that are calls."""

    queue_consumer = SafeQueueConsumer()
    shared = SharedResources()
    queue: Any

    def __init__(self) -> None:
        super().__init__()
        self._writing = Semaphore()

    def setup(self) -> None:
        if self.shared.settings().serves_rpc and self.queue is None:
            super().setup()
            self.shared.declarations.append(self.choose_queue)

    def prepare(self, connection: Any) -> None:
        """Declare the queue from which the calls are to come now."""
        self.queue = ensure_calls_queue(connection, self.container.service_name)

    def choose_queue(self, connection: Any) -> None:
        """Take calls from the service's queue, or since its node went down from a substitute."""
        service, before = self.container.service_name, self.queue.name
        if before == substitute_queue(service).name and keep_substitute(connection, service):
            return
        self.prepare(connection)
        if self.queue.name != before:
            _log.warning("calls_queue", queue=self.queue.name)
            self.queue_consumer.reconnect()

    def stop(self) -> None:
        if self.shared.settings().serves_rpc:
            super().stop()

    def handle_message(self, body: Any, message: Any) -> None:
        if not message.properties.get("reply_to"):
            _log.warning("call_without_reply_to")  # nameko would die of it
            self.queue_consumer.ack_message(message)
        elif message.properties.get("content_type") != JSON["content_type"]:
            self.queue_consumer.refuse(message)  # nameko could not respond, and would die
        else:
            super().handle_message(body, message)

    def get_provider_for_method(self, routing_key: str) -> Any:
        try:
            return super().get_provider_for_method(routing_key)
        except MethodNotFound:
            raise NotFound(routing_key, "is not a method of the service") from None

    def handle_result(self, message: Any, result: Any, exc_info: Any) -> Any:
        response, result, exc_info = _response(result, exc_info)
        channel = message.channel
        try:
            if isinstance(channel, amqp.Channel) and channel.connection and len(response) <= _SMALL:
                self._respond_at_once(channel, message, response)
            else:
                self.queue_consumer.respond(message, response)
        except BROKER_ERRORS as error:
            _log.warning("answer_lost", error=type(error).__name__)  # the call comes again
        return result, exc_info

    def _respond_at_once(self, channel: amqp.Channel, message: Any, response: str) -> None:
        """Respond and acknowledge the call, in one write and without waiting for anything.

        A caller that gets no response calls again; the broker's confirm would help nobody.
        """
        reply = amqp.Message(
            response, correlation_id=message.properties.get("correlation_id"), **JSON
        )
        exchange = get_rpc_exchange(self.container.config).name
        with self._writing:
            if channel.connection is None:  # it was lost while this greenlet waited its turn
                raise RecoverableConnectionError("the connection is closed")
            with in_one_write(channel):
                publish(channel, reply, exchange, message.properties["reply_to"])
                message.ack()


def _response(result: Any, exc_info: Any) -> tuple[str, Any, Any]:
    """The response to a call as JSON, and what nameko is to log: what is no JSON is an error."""
    error = serialize_error(exc_info[1]) if exc_info is not None else None
    try:
        return _dump({"result": result, "error": error}), result, exc_info
    except (TypeError, ValueError):
        unserializable = UnserializableValueError(result)
        exc_info = (UnserializableValueError, unserializable, None)
        return _dump({"result": None, "error": serialize_error(unserializable)}), None, exc_info


def _dump(response: Mapping[str, Any]) -> str:
    """JSON of a response; half of a surrogate pair, which it may quote, can only be ASCII."""
    try:
        return dump_json(response)
    except TypeError:
        text: str = dump_ascii(response)
        return text


class PendingCall:
    """A call that was received, until its response: what nameko calls with the result."""

    def __init__(self, entry_point: Rpc, message: Any) -> None:
        self._entry_point = entry_point
        self._message = message

    def __call__(self, worker_ctx: Any, result: Any, exc_info: Any) -> Any:
        return self._entry_point.handle_result(self._message, worker_ctx, result, exc_info)

    def is_wanted(self) -> bool:
        """Whether to begin; if not, the call has been dropped or given back to the broker."""
        message, consumer = self._message, self._entry_point.rpc_consumer.queue_consumer
        received = getattr(message, "received_at", None)
        if received is None:
            return True
        service = self._entry_point.container.service_name
        consumer.stalls.turn()
        seconds = lifetime(message.headers, message.properties.get("expiration"))
        if time.monotonic() - received > seconds:
            note_expired(service)
            settle = consumer.ack_message
        elif message.before_fence or received < consumer.stalls.ended_at:
            CALLS_RETURNED.labels(service).inc()
            settle = consumer.requeue_message
        else:
            return True
        with suppress(*BROKER_ERRORS):  # a lost connection gives everything back
            settle(message)
        return False


class Container(ServiceContainer):
    """nameko's, with what comes before a worker begins with a call.

    A call that nobody waits for any more is not begun; any other is handled in its caller's trace.
    """

    def _run_worker(self, worker_ctx: Any, handle_result: Any) -> None:
        # Taken out, as nameko would send it on under a name of its own, not the standard one.
        caller = parse_traceparent(worker_ctx.data.pop(TRACEPARENT, None))
        if not isinstance(handle_result, PendingCall):
            super()._run_worker(worker_ctx, handle_result)
            return
        if not handle_result.is_wanted():
            return
        if caller is None and made_in_background(worker_ctx):
            super()._run_worker(worker_ctx, handle_result)
            return
        method = worker_ctx.entrypoint.method_name
        with tracer_of(self).serving(method, caller) as span:

            def handle(worker_ctx: Any, result: Any, exc_info: Any) -> Any:
                result, exc_info = handle_result(worker_ctx, result, exc_info)
                if exc_info is not None:
                    span.fail(exc_info[1])
                return result, exc_info

            super()._run_worker(worker_ctx, handle)


class Rpc(NamekoRpc):
    """An RPC entry point: what it raises is a ServiceError, whatever went wrong inside."""

    rpc_consumer = SafeRpcConsumer()
    shared = SharedResources()

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("expected_exceptions", (ServiceError,))
        super().__init__(**kwargs)

    def setup(self) -> None:
        if self.shared.settings().serves_rpc:
            super().setup()

    def stop(self) -> None:
        if self.shared.settings().serves_rpc:
            super().stop()

    def handle_message(self, body: Any, message: Any) -> None:
        if not (
            isinstance(body, dict)
            and isinstance(body.get("args"), list)
            and isinstance(body.get("kwargs"), dict)
        ):
            raise InvalidInput("payload", 'must be {"args": […], "kwargs": {…}}')
        args, kwargs = body["args"], body["kwargs"]
        self.check_signature(args, kwargs)
        context = self.unpack_message_headers(message)
        try:
            self.container.spawn_worker(
                self, args, kwargs, context_data=context, handle_result=PendingCall(self, message)
            )
        except ContainerBeingKilled:
            self.rpc_consumer.requeue_message(message)

    def unpack_message_headers(self, message: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().unpack_message_headers(message)
        for header in EXPIRY_HEADERS:  # those of this call, not of what it calls
            context.pop(header, None)
        calls = context.get(CALL_ID_STACK_CONTEXT_KEY)
        if not isinstance(calls, list) or not all(isinstance(call, str) for call in calls):
            context.pop(CALL_ID_STACK_CONTEXT_KEY, None)  # nameko would die of it
        return context

    def check_signature(self, args: list[Any], kwargs: Mapping[str, Any]) -> None:
        method = getattr(self.container.service_cls, self.method_name)
        check_arguments(method, args, kwargs)

    def handle_result(self, message: Any, worker_ctx: Any, result: Any, exc_info: Any) -> Any:
        if exc_info is not None and not isinstance(exc_info[1], ServiceError):
            failure = errors.Failure(
                worker_ctx.service_name, f"failed; its log has it under {worker_ctx.call_id}"
            )
            exc_info = (errors.Failure, failure, None)
        return super().handle_result(message, worker_ctx, result, exc_info)


def rpc(method: F) -> F:
    """Make a method of a service callable over RPC."""
    return cast("F", Rpc.decorator(method))


def check_arguments(method: Any, args: list[Any], kwargs: Mapping[str, Any]) -> None:
    """InvalidInput naming an argument that `method` does not take, lacks, or was given twice."""
    parameters = _parameters(method)
    names = [parameter.name for parameter in parameters]
    if len(args) > len(names):
        raise InvalidInput("args", f"{method.__name__} takes {len(names)}: {', '.join(names)}")
    for name in kwargs:
        if name not in names:
            arguments = ", ".join(names) or "none"
            raise InvalidInput(
                str(name)[:64], f"is not an argument of {method.__name__}; it has {arguments}"
            )
        if name in names[: len(args)]:
            raise InvalidInput(name, "is given twice")
    for parameter in parameters[len(args) :]:
        if parameter.default is parameter.empty and parameter.name not in kwargs:
            raise InvalidInput(parameter.name, f"is missing; {method.__name__} needs it")


@cache
def _parameters(method: Any) -> Sequence[inspect.Parameter]:
    return list(inspect.signature(method).parameters.values())[1:]


@contextmanager
def _producer(amqp_uri: str) -> Iterator[Any]:
    """One of the process's producers, whose publishes are confirmed one by one.

    Its connection is dropped if it raises: a confirm that comes later would be taken for another's.
    """
    with get_producer(amqp_uri) as producer:
        try:
            yield producer
        except BaseException:
            producer.connection.collect()
            raise


class RemoteService:
    """Another service, called with a limit to the wait."""

    def __init__(
        self, worker_ctx: Any, name: str, listener: SafeReplyListener, timeout: float
    ) -> None:
        self._worker_ctx = worker_ctx
        self._name = name
        self._listener = listener
        self._timeout = timeout

    def call(self, method: str, /, timeout: float | None = None, **kwargs: Any) -> Any:
        """What `method` returns; raises what it raises, and Unavailable if that comes too late."""
        seconds = timeout if timeout is not None else self._timeout
        with tracer_of(self._worker_ctx.container).calling(self._name, method) as trace:
            return self._call(method, seconds, kwargs, trace)

    def _call(
        self, method: str, seconds: float, kwargs: Mapping[str, Any], trace: TraceContext | None
    ) -> Any:
        try:
            response = run_within(seconds, partial(self._request, method, kwargs, seconds, trace))
        except DeadlineExceeded:
            raise Unavailable(self._name, f"did not answer in {seconds:g} s; try again") from None
        except BROKER_ERRORS as error:
            raise self._refusal(error) from None
        if response.get("error"):
            failure = deserialize(response["error"])
            if isinstance(failure, RemoteError):
                raise errors.Failure(self._name, f"failed with {failure.exc_type}")
            raise failure
        return response["result"]

    def _request(
        self, method: str, kwargs: Mapping[str, Any], seconds: float, trace: TraceContext | None
    ) -> Any:
        """Publish the call and wait for its response."""
        config = self._worker_ctx.container.config
        correlation_id = str(uuid.uuid4())
        headers = HeaderEncoder().get_message_headers(self._worker_ctx)
        if trace:
            headers[TRACEPARENT] = trace.traceparent
        with self._listener.expecting(correlation_id) as response:
            with _producer(config[AMQP_URI_CONFIG_KEY]) as producer:
                # Confirmed, so that a call that no queue takes comes back before the confirm.
                producer.publish(
                    {"args": [], "kwargs": kwargs},
                    exchange=get_rpc_exchange(config),
                    routing_key=f"{self._name}.{method}",
                    mandatory=True,
                    reply_to=self._listener.routing_key,
                    correlation_id=correlation_id,
                    headers=headers | expiry_headers(seconds),
                    expiration=seconds,
                    serializer="json",
                    retry=True,
                    retry_policy=_RETRY,
                )
            return response.wait()

    def _refusal(self, error: Exception) -> ServiceError:
        if "NO_ROUTE" in str(error):
            return Unavailable(self._name, "is not running; try again")
        if is_too_large(error):
            return InvalidInput("request", "is larger than the broker takes in one message")
        return Unavailable("broker", f"is out of reach ({type(error).__name__})")

    def __getattr__(self, method: str) -> Any:
        return partial(self.call, method)


class Remote(DependencyProvider):
    """Dependency on another service's RPC: `self.identity.resolve(observations=[…])`.

    Raises what the other service raised, and Unavailable after `timeout` seconds.
    """

    listener = SafeReplyListener()

    def __init__(self, service: str, timeout: float = 2.0) -> None:
        self.service_name = service
        self._timeout = timeout

    def get_dependency(self, worker_ctx: Any) -> RemoteService:
        return RemoteService(worker_ctx, self.service_name, self.listener, self._timeout)


class _Background:
    """A stand-in for the entry point that nameko expects, for calls that no worker makes."""

    method_name = "background"


def made_in_background(worker_ctx: Any) -> bool:
    """Whether no client's call led here, but the service's own background work."""
    return f".{_Background.method_name}." in worker_ctx.call_id_stack[0]


def background_remote(
    container: Any, service: str, listener: SafeReplyListener, timeout: float
) -> RemoteService:
    """Another service, called from an extension's own greenlet."""
    context = WorkerContext(container, None, _Background)
    return RemoteService(context, service, listener, timeout)
