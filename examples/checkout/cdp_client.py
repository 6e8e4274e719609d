"""Calls to Checkout CDP from a process that must never wait for it.

Copy this file and errors.py into your shop. It needs nameko
(`pip install nameko "setuptools<81"`), and nothing else of Checkout CDP.
"""

import logging
import queue
import threading
import warnings
from concurrent.futures import Future
from urllib.parse import urlsplit

from errors import NoAnswer, WrongRequest

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")  # nameko is built on it
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    from nameko.exceptions import BadRequest, RemoteError, RpcTimeout, UnknownService
    from nameko.standalone.rpc import ClusterRpcProxy

logging.getLogger("amqp").setLevel(logging.ERROR)  # it warns about late replies
OUR_FAULT = {"InvalidInput", "NotFound", "Conflict", "Refused"}


class Cdp:
    """One connection, kept for the life of the process and replaced after it breaks.

    No call takes longer than `wait` seconds. The calls run one by one in a thread of their own,
    because only that bounds every wait: a broker that is frozen or short of memory blocks its
    publishers indefinitely.
    """

    def __init__(self, amqp_uri, wait):
        self._amqp_uri = amqp_uri
        self._wait = wait
        self._calls = queue.SimpleQueue()
        self._context = {}  # nameko sends it with every call
        threading.Thread(target=self._work, name="cdp", daemon=True).start()

    def connect(self, wait=5.0):
        """Connect now, so that the first shopper does not wait for it; NoAnswer if it fails."""
        self._submit(lambda _services: None, wait)

    def call(self, service, method, *, traceparent=None, wait=None, **arguments):
        """The result of `service.method(**arguments)`; raises NoAnswer or WrongRequest.

        With `wait` it may take that many seconds, if these are fewer.
        If your shop traces its requests, pass the W3C header `traceparent`.
        """

        def make(services):
            self._context.clear()
            if traceparent:
                self._context["traceparent"] = traceparent
            return getattr(services[service], method)(**arguments)

        return self._submit(make, self._wait if wait is None else min(wait, self._wait))

    def _submit(self, call, wait):
        result = Future()
        self._calls.put((call, result))
        try:
            return result.result(timeout=wait)
        except TimeoutError:
            result.cancel()  # the thread may be busy with an earlier call; it will skip this one
            raise NoAnswer(f"no answer within {wait:g} s") from None

    def _work(self):
        services = None
        while True:
            call, result = self._calls.get()
            if not result.set_running_or_notify_cancel():
                continue
            try:
                if services is None:
                    config = {"AMQP_URI": self._amqp_uri}
                    services = ClusterRpcProxy(config, self._context, timeout=self._wait).start()
                result.set_result(call(services))
            except RemoteError as error:
                if error.exc_type in OUR_FAULT:
                    result.set_exception(WrongRequest(error.value))
                else:
                    result.set_exception(NoAnswer(str(error)))
            except BadRequest as error:  # unknown method, or wrong arguments
                result.set_exception(WrongRequest(f"{type(error).__name__}: {error}"))
            except UnknownService as error:
                result.set_exception(NoAnswer(str(error)))
            except RpcTimeout:
                result.set_exception(NoAnswer(f"no answer within {self._wait:g} s"))
            except Exception as error:  # noqa: BLE001 - the connection broke, in one of a dozen ways
                services = None
                result.set_exception(NoAnswer(f"the broker at {self._host()} failed: {error}"))

    def _host(self):
        parts = urlsplit(self._amqp_uri)  # without its password
        return f"{parts.hostname}:{parts.port or 5672}{parts.path}"
