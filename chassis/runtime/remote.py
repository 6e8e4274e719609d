"""Calls to other services: a limit to every wait, and clear errors."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from amqp.exceptions import NotFound as NotFoundOnBroker
from nameko.constants import AMQP_URI_CONFIG_KEY
from nameko.containers import WorkerContext
from nameko.exceptions import RemoteError, deserialize
from nameko.extensions import DependencyProvider
from nameko.messaging import HeaderEncoder
from nameko.rpc import RPC_REPLY_QUEUE_TEMPLATE, ReplyListener, get_rpc_exchange

from chassis.core import errors
from chassis.core.deadline import DeadlineExceeded, run_within
from chassis.core.errors import InvalidInput, ServiceError, Unavailable
from chassis.messaging.amqp import BROKER_ERRORS, is_too_large
from chassis.messaging.exchanges import bind_again, ensure_reply_queue, is_node_down
from chassis.observability.tracing import TRACEPARENT, TraceContext
from chassis.runtime.expiry import expiry_headers, seconds_in_queue
from chassis.runtime.queue_consumer import SafeQueueConsumer, confirmed_producer
from chassis.runtime.shared import SharedResources, tracer_of

_RETRY = {"max_retries": 3}


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
            with confirmed_producer(config[AMQP_URI_CONFIG_KEY]) as producer:
                # Confirmed, so that a call that no queue takes comes back before the confirm.
                producer.publish(
                    {"args": [], "kwargs": kwargs},
                    exchange=get_rpc_exchange(config),
                    routing_key=f"{self._name}.{method}",
                    mandatory=True,
                    reply_to=self._listener.routing_key,
                    correlation_id=correlation_id,
                    headers=headers | expiry_headers(seconds),
                    expiration=seconds_in_queue(seconds),
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
