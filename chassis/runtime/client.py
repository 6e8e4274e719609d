"""A client for commands and tests: calls any service, and waits no longer than a limit."""

from __future__ import annotations

import logging
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from nameko.exceptions import RemoteError, RpcTimeout, UnknownService
from nameko.standalone.rpc import ClusterRpcProxy

from chassis.config.uris import broker_refusal
from chassis.core.errors import Failure, ServiceError, Unavailable
from chassis.messaging import embedded
from chassis.messaging.amqp import BROKER_ERRORS
from chassis.runtime.wire_errors import register_errors

_VARIABLE = "CDP_AMQP_URI"  # names the broker for clients


class Client:
    """Calls services: `with Client(uri) as cdp: cdp.call("offers", "decide", request={…})`."""

    def __init__(self, amqp_uri: str, timeout: float = 10.0) -> None:
        embedded.install()
        register_errors()
        logging.getLogger("amqp").setLevel(logging.ERROR)  # it warns when it closes a channel
        self._amqp_uri = amqp_uri
        self._timeout = timeout
        self._proxy = ClusterRpcProxy({"AMQP_URI": amqp_uri}, timeout=timeout)

    def __enter__(self) -> Self:
        try:
            self._cluster = self._proxy.start()
        except BROKER_ERRORS as error:
            raise self._refusal(error) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(*BROKER_ERRORS):
            self._proxy.stop()

    def call(self, service: str, method: str, /, **kwargs: Any) -> Any:
        """What `service.method(**kwargs)` returns; raises the ServiceError that it raises.

        Unavailable if there is no response in time, and from then on once the broker has closed
        the connection; Refused if the broker does not let this user in.
        """
        try:
            return getattr(self._cluster[service], method)(**kwargs)
        except RpcTimeout:
            raise Unavailable(service, f"did not answer in {self._timeout:g} s") from None
        except UnknownService:
            raise Unavailable(service, "is not running") from None
        except RemoteError as error:
            raise Failure(service, f"failed with {error.exc_type}") from None
        except (*BROKER_ERRORS, RuntimeError) as error:  # nameko's, for a lost connection
            raise self._refusal(error) from None

    def _refusal(self, error: Exception) -> ServiceError:
        return broker_refusal(_VARIABLE, self._amqp_uri, error)
