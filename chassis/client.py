"""A client for commands and tests: calls any service, with a bound on the wait."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from nameko.exceptions import RemoteError, RpcTimeout, UnknownService
from nameko.standalone.rpc import ClusterRpcProxy

import chassis.rpc  # noqa: F401 - makes our errors arrive as what they were
from chassis import embedded
from chassis.errors import Failure, Unavailable


class Client:
    """Calls services: `with Client(uri) as cdp: cdp.call("offers", "decide", request={…})`."""

    def __init__(self, amqp_uri: str, timeout: float = 10.0) -> None:
        embedded.install()
        self._timeout = timeout
        self._proxy = ClusterRpcProxy({"AMQP_URI": amqp_uri}, timeout=timeout)

    def __enter__(self) -> Self:
        try:
            self._cluster = self._proxy.start()
        except OSError as error:
            raise Unavailable("broker", f"is out of reach ({type(error).__name__})") from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._proxy.stop()

    def call(self, service: str, method: str, **kwargs: Any) -> Any:
        """The answer of `service.method(**kwargs)`, or the ServiceError that it raised.

        Unavailable when nothing came back in time.
        """
        try:
            return getattr(self._cluster[service], method)(**kwargs)
        except RpcTimeout:
            raise Unavailable(service, f"did not answer in {self._timeout:g} s") from None
        except UnknownService:
            raise Unavailable(service, "is not running") from None
        except RemoteError as error:
            raise Failure(service, f"failed with {error.exc_type}: {error.value}") from None
        except OSError as error:
            raise Unavailable("broker", f"is out of reach ({type(error).__name__})") from None
