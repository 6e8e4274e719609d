"""Running the handlers of the gateway without a server: their calls are answered by a function."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from chassis.core.errors import ServiceError
from services.gateway.domain.exchange import ServiceCall

Made = TypeVar("Made")


def run_steps(
    steps: Generator[ServiceCall | list[ServiceCall], Any, Made],
    answer: Callable[[ServiceCall], Any],
) -> Made:
    """What the steps return; an error that `answer` raises is thrown into them."""
    response: Any = None
    error: ServiceError | None = None
    try:
        while True:
            wanted = steps.send(response) if error is None else steps.throw(error)
            error = None
            try:
                if isinstance(wanted, list):
                    response = [answer(call) for call in wanted]
                else:
                    response = answer(wanted)
            except ServiceError as raised:
                error = raised
    except StopIteration as stop:
        made: Made = stop.value
        return made
