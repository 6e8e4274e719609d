"""nameko's RPC, made safe: clear errors for bad calls, and a limit to every wait."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, TypeVar, cast

import amqp
import eventlet
import structlog
from amqp.exceptions import RecoverableConnectionError
from eventlet.semaphore import Semaphore
from kombu.utils.json import dumps as dump_ascii
from nameko.amqp.publish import Publisher
from nameko.constants import AMQP_URI_CONFIG_KEY, CALL_ID_STACK_CONTEXT_KEY
from nameko.containers import WorkerContext
from nameko.exceptions import (
    MethodNotFound,
    RemoteError,
    UnknownService,
    UnserializableValueError,
)
from nameko.extensions import DependencyProvider
from nameko.messaging import QueueConsumer
from nameko.rpc import ReplyListener, RpcConsumer, ServiceProxy, get_rpc_exchange
from nameko.rpc import Rpc as NamekoRpc

from chassis.core import errors
from chassis.core.errors import InvalidInput, NotFound, ServiceError, Unavailable
from chassis.core.json import dump_json
from chassis.messaging.amqp import BROKER_ERRORS, JSON, in_one_write, publish
from chassis.runtime.shared import SharedResources
from chassis.runtime.wire_errors import register_errors, serialize_error

F = TypeVar("F", bound=Callable[..., Any])

_SMALL = 32 * 1024  # characters of a response that is written with the acknowledgement

_log = structlog.get_logger("rpc")

register_errors()


class SafeQueueConsumer(QueueConsumer):
    """Responds to a message that cannot be read, which nameko would log and drop."""

    def consume(self, *args: Any, **kwargs: Any) -> Any:
        """Checks four times a second, not once, whether it is to stop."""
        return super().consume(*args, safety_interval=0.25, **kwargs)

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
        config = self.container.config
        Publisher(config[AMQP_URI_CONFIG_KEY]).publish(
            response,
            exchange=get_rpc_exchange(config),
            routing_key=message.properties["reply_to"],
            correlation_id=message.properties.get("correlation_id"),
            **JSON,
        )
        self.ack_message(message)


class SafeReplyListener(ReplyListener):
    """nameko's, on the same connection as the requests."""

    queue_consumer = SafeQueueConsumer()


class SafeRpcConsumer(RpcConsumer):
    """nameko's, in processes that serve RPC, and for messages that are calls."""

    queue_consumer = SafeQueueConsumer()
    shared = SharedResources()

    def __init__(self) -> None:
        super().__init__()
        self._writing = Semaphore()

    def setup(self) -> None:
        if self.shared.settings().serves_rpc:
            super().setup()

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
        super().handle_message(body, message)

    def unpack_message_headers(self, message: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().unpack_message_headers(message)
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


class RemoteService:
    """Another service, called with a limit to the wait."""

    def __init__(self, worker_ctx: Any, name: str, listener: ReplyListener, timeout: float) -> None:
        self._worker_ctx = worker_ctx
        self._name = name
        self._listener = listener
        self._timeout = timeout

    def call(self, method: str, /, timeout: float | None = None, **kwargs: Any) -> Any:
        """What `method` returns; raises what it raises, and Unavailable if that comes too late."""
        seconds = timeout if timeout is not None else self._timeout
        timeout_error = Unavailable(self._name, f"did not answer in {seconds:g} s; try again")
        # The broker drops a request that no service takes in time: its caller has given up.
        proxy = ServiceProxy(self._worker_ctx, self._name, self._listener, expiration=seconds)
        try:
            with eventlet.Timeout(seconds, timeout_error):
                return getattr(proxy, method)(**kwargs)
        except UnknownService:
            raise Unavailable(self._name, "is not running; try again") from None
        except RemoteError as error:
            raise errors.Failure(self._name, f"failed with {error.exc_type}") from None
        except BROKER_ERRORS as error:
            raise Unavailable("broker", f"is out of reach ({type(error).__name__})") from None

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
    container: Any, service: str, listener: ReplyListener, timeout: float
) -> RemoteService:
    """Another service, called from an extension's own greenlet."""
    context = WorkerContext(container, None, _Background)
    return RemoteService(context, service, listener, timeout)
