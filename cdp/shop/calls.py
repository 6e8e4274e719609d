"""The calls of the shop and of its gateway: services of the embedded suite, all of them noted."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, TypeVar

from cdp.embedded import EMBEDDED_BROKER
from cdp.shop.journal import Journal
from chassis.runtime.client import Client
from services.gateway.commands import OwnCalls
from services.gateway.domain.exchange import ServiceCall

GATEWAY = "gateway"
_SECONDS = 10.0
Made = TypeVar("Made")


class ShopCalls:
    """Makes calls, each by a client of its own while it lasts, and writes them into the journal."""

    def __init__(self, own: OwnCalls, journal: Journal) -> None:
        self._own = own
        self._journal = journal
        self._idle: list[Client] = []

    def call(self, service: str, method: str, **arguments: Any) -> Any:
        """What the service returns; a ServiceError if it refuses."""
        response = (
            self._own.call(method, arguments)
            if service == GATEWAY
            else self._remote(service, method, arguments)
        )
        self._journal.note_call(service, method, arguments, response)
        return response

    def run(self, steps: Generator[ServiceCall | list[ServiceCall], Any, Made]) -> Made:
        """What the steps of a handler come to."""
        try:
            wanted = next(steps)
            while True:
                try:
                    answers = self._answers(wanted)
                except Exception as error:  # noqa: BLE001 - whatever it is, the handler has to know
                    wanted = steps.throw(error)
                else:
                    wanted = steps.send(answers)
        except StopIteration as end:
            made: Made = end.value
            return made

    def _answers(self, wanted: ServiceCall | list[ServiceCall]) -> Any:
        if isinstance(wanted, list):
            return [self._answers(each) for each in wanted]
        return self.call(wanted.service, wanted.method, **wanted.arguments)

    def _remote(self, service: str, method: str, arguments: Mapping[str, Any]) -> Any:
        client = self._idle.pop() if self._idle else Client(EMBEDDED_BROKER, _SECONDS)
        try:
            return client.call(service, method, **arguments)
        finally:
            self._idle.append(client)
