"""nameko's RPC, made safe, as a service serves it; calls to others are in `remote`."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import Any, TypeVar, overload

import amqp
import structlog
from amqp.exceptions import RecoverableConnectionError
from eventlet.semaphore import Semaphore
from nameko.constants import CALL_ID_STACK_CONTEXT_KEY
from nameko.containers import ServiceContainer
from nameko.exceptions import (
    ContainerBeingKilled,
    MethodNotFound,
    UnserializableValueError,
)
from nameko.rpc import Rpc as NamekoRpc
from nameko.rpc import (
    RpcConsumer,
    get_rpc_exchange,
)

from chassis.core import errors
from chassis.core.deadline import answering
from chassis.core.errors import InvalidInput, NotFound, ServiceError
from chassis.messaging.amqp import (
    BROKER_ERRORS,
    JSON,
    in_one_write,
    publish,
)
from chassis.messaging.exchanges import (
    ensure_calls_queue,
    keep_substitute,
    substitute_queue,
)
from chassis.observability.metrics import CALLS_RETURNED, note_expired
from chassis.observability.tracing import TRACEPARENT, TraceContext, parse_traceparent
from chassis.runtime.backlog import Backlog
from chassis.runtime.expiry import EXPIRY_HEADERS, lifetime
from chassis.runtime.overflow import Overflow, answer_at_once, find_overflow
from chassis.runtime.queue_consumer import SafeQueueConsumer, dump_response
from chassis.runtime.remote import made_in_background
from chassis.runtime.shared import SharedResources, tracer_of
from chassis.runtime.wire_errors import register_errors, serialize_error

F = TypeVar("F", bound=Callable[..., Any])

_SMALL = 32 * 1024  # characters of a response that is written with the acknowledgement

_log = structlog.get_logger("rpc")

register_errors()


class SafeRpcConsumer(RpcConsumer):
    """nameko's, in processes that serve RPC, and for messages that are calls."""

    queue_consumer = SafeQueueConsumer()
    shared = SharedResources()
    queue: Any

    def __init__(self) -> None:
        super().__init__()
        self.backlog = Backlog()
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

    def measure_backlog(self) -> None:
        """Ask the broker once in a while, if most workers are busy, how many calls wait."""
        workers = self.container._worker_pool  # noqa: SLF001
        if 2 * workers.running() >= workers.size and self.backlog.is_due():
            self.queue_consumer.count_messages(self.queue.name, self.backlog.read)

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
        return dump_response({"result": result, "error": error}), result, exc_info
    except (TypeError, ValueError):
        unserializable = UnserializableValueError(result)
        exc_info = (UnserializableValueError, unserializable, None)
        return (
            dump_response({"result": None, "error": serialize_error(unserializable)}),
            None,
            exc_info,
        )


class PendingCall:
    """A call that was received, until its response: what nameko calls with the result."""

    def __init__(self, entry_point: Rpc, message: Any) -> None:
        self._entry_point = entry_point
        self._message = message

    def __call__(self, worker_ctx: Any, result: Any, exc_info: Any) -> Any:
        return self._entry_point.handle_result(self._message, worker_ctx, result, exc_info)

    @property
    def received_at(self) -> float:
        """When the call was received; now, if it did not come through a broker's queue."""
        received: float | None = getattr(self._message, "received_at", None)
        return time.monotonic() if received is None else received

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
        with answering(handle_result.received_at):
            self._run_call(worker_ctx, handle_result, caller)

    def _run_call(self, worker_ctx: Any, handle_result: Any, caller: TraceContext | None) -> None:
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
    """An RPC entry point: what it raises is a ServiceError, whatever went wrong inside.

    `overflow` is the name of the service's resource that answers calls above the capacity.
    """

    rpc_consumer = SafeRpcConsumer()
    shared = SharedResources()

    def __init__(self, overflow: str | None = None) -> None:
        super().__init__(expected_exceptions=(ServiceError,))
        self._overflow_name = overflow
        self._overflow: Overflow | None = None

    def setup(self) -> None:
        if self.shared.settings().serves_rpc:
            super().setup()

    def start(self) -> None:
        self._overflow = find_overflow(self.container, self._overflow_name)

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
        if self._overflow is not None:
            self.rpc_consumer.measure_backlog()
            if self.rpc_consumer.backlog.take():
                argument = next(iter([*args, *kwargs.values()]))
                answer = partial(self._answer_at_once, self._overflow, argument, message)
                self.container.spawn_managed_thread(answer, identifier="overflow")
                return
        context = self.unpack_message_headers(message)
        try:
            self.container.spawn_worker(
                self, args, kwargs, context_data=context, handle_result=PendingCall(self, message)
            )
        except ContainerBeingKilled:
            self.rpc_consumer.requeue_message(message)

    def _answer_at_once(self, overflow: Overflow, argument: Any, message: Any) -> None:
        result, exc_info = None, None
        try:
            service = self.container.service_name
            result = answer_at_once(overflow, argument, self.shared, service)
        except ServiceError:
            exc_info = sys.exc_info()
        self.rpc_consumer.handle_result(message, result, exc_info)

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
        self.rpc_consumer.backlog.note_handled()
        return super().handle_result(message, worker_ctx, result, exc_info)


@overload
def rpc(method: F) -> F: ...
@overload
def rpc(*, overflow: str) -> Callable[[F], F]: ...
def rpc(*methods: Any, **options: Any) -> Any:
    """Make a method of a service callable over RPC, see `Rpc`."""
    return Rpc.decorator(*methods, **options)


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
