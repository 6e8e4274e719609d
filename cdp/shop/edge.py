"""The gateway within the shop's process: the same routes, keys and handlers, without a broker."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Thread
from typing import Any

import structlog

from cdp.shop.calls import GATEWAY, ShopCalls
from chassis.config.sealing import Seal
from chassis.config.settings import Settings
from chassis.core.errors import ServiceError
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from services.gateway import store
from services.gateway.commands import SEAL_PURPOSE, OwnCalls
from services.gateway.domain.exchange import EdgeResponse
from services.gateway.domain.keys import key_digest, key_prefix, new_key
from services.gateway.domain.problems import TooLarge
from services.gateway.domain.routing import Router
from services.gateway.domain.serving import ReceivedRequest, preflight, refusal, serve
from services.gateway.domain.sources import EventSource
from services.gateway.domain.user_tokens import sign_user
from services.gateway.handlers import ROUTES
from services.gateway.handlers.webhook_settling import POSTPONED, settle_waiting

_PAGES = "shop-pages"
_SERVERS = "shop-server"
_IDLE_SECONDS = 0.5

_log = structlog.get_logger("gateway")


def open_own_calls(settings: Settings) -> OwnCalls:
    """The gateway's own database, which has been migrated."""
    work = UnitOfWorkRunner(Database(settings.database_uri), GATEWAY, settings.clock)
    return OwnCalls(work, Seal(settings.identifier_key, SEAL_PURPOSE))


@dataclass(frozen=True, slots=True)
class ShopKeys:
    """What the shop is given by the gateway: keys of its pages and servers, and a secret."""

    pages: str
    servers: str = field(repr=False)
    token_secret: str = field(repr=False)

    def token_of(self, user_id: str, now: int) -> str:
        """What proves to the gateway that a user is signed in."""
        return sign_user(self.token_secret, user_id, now)


def issue_keys(own: OwnCalls, store_name: str) -> ShopKeys:
    """Make the sources of the shop, with their keys."""
    keys = ShopKeys(new_key("browser"), new_key("server"), new_key("server"))
    _add_source(own, EventSource(_PAGES, "pages of the shop", "browser", store_name), keys.pages)
    _add_source(own, EventSource(_SERVERS, "the shop's server", "server", store_name), keys.servers)
    put_secret = partial(
        store.put_secret, seal=own.seal, source_id=_PAGES, purpose="users", secret=keys.token_secret
    )
    own.work.run(put_secret)
    return keys


def _add_source(own: OwnCalls, source: EventSource, key: str) -> None:
    own.work.run(partial(store.put_source, source=source))
    put_key = partial(
        store.put_key,
        source_id=source.source_id,
        kind=source.key_kind,
        digest=key_digest(key),
        prefix=key_prefix(key),
    )
    own.work.run(put_key)


class ShopGateway:
    """Answers requests as the gateway's process does; while it is down, nobody answers."""

    def __init__(self, calls: ShopCalls) -> None:
        self._calls = calls
        self._router = Router(ROUTES)
        self.is_up = True

    def answer(self, received: ReceivedRequest) -> EdgeResponse:
        """The response to a request, whatever is wrong with it."""
        headers = received.headers
        try:
            asked = headers.get("access-control-request-method")
            if received.method == "OPTIONS" and asked is not None:
                self._router.find(asked, received.path)
                return self._calls.run(preflight(headers, asked))
            matched = self._router.find(received.method, received.path)
            if len(received.body) > matched.route.max_bytes:
                raise TooLarge("body", f"is larger than {matched.route.max_bytes:,} bytes")
        except ServiceError as error:
            return self._calls.run(refusal(error, headers))
        return self._calls.run(serve(matched, received))

    def tell(self, event: Mapping[str, Any], key: str, at: int) -> EdgeResponse:
        """Record an event that the shop's server tells, with its secret key."""
        headers = {"authorization": f"Bearer {key}"}
        body = json.dumps({"events": [event]}).encode()
        return self.answer(ReceivedRequest("POST", "/v1/record", at, headers=headers, body=body))

    @contextmanager
    def settling(self) -> Iterator[None]:
        """Within `with`, webhooks that are kept are understood, beside the requests."""
        stopped = Event()

        def understand() -> None:
            while not stopped.wait(_IDLE_SECONDS):
                try:
                    while self.is_up and self._calls.run(settle_waiting()).keys() - {POSTPONED}:
                        pass
                except Exception as error:  # noqa: BLE001 - whatever it is, the shop goes on
                    _log.error("settling_failed", exc_info=error)

        thread = Thread(target=understand)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()
