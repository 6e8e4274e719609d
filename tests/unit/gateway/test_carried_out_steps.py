"""Steps of requests, carried out: those of a large body hold up nobody else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from typing import Any, cast

import pytest

from chassis.core.errors import ServiceError, Unavailable
from services.gateway.domain.exchange import ServiceCall
from services.gateway.server.calls import CallOrigin, Services

LARGE = 1_000_000


class AnsweringRpc:
    """Answers `echo`, and no other method."""

    async def call(self, _service: str, method: str, arguments: Any, *_more: Any) -> Any:
        if method != "echo":
            raise Unavailable("profiles", "is away")
        return arguments


def carry_out(steps: Generator[Any, Any, Any], size: int) -> Any:
    services = Services(cast("Any", AnsweringRpc()), cast("Any", None), None)
    return asyncio.run(services.carry_out(steps, CallOrigin("test"), size))


def two_calls() -> Generator[Any, Any, Any]:
    """One that is answered and two that are not; the names of the threads in which this went on."""
    threads = [threading.current_thread().name]
    answer = yield ServiceCall("profiles", "echo", {"a": 1})
    assert answer == {"a": 1}
    threads.append(threading.current_thread().name)
    try:
        yield [ServiceCall("profiles", "fail", {}), ServiceCall("profiles", "echo", {})]
    except ServiceError as error:
        threads.append(threading.current_thread().name)
        return str(error), threads


@pytest.mark.parametrize(("size", "is_aside"), [(0, False), (LARGE, True)])
def test_the_steps_of_a_large_body_are_taken_beside_all_others(size: int, is_aside: bool) -> None:
    words, threads = carry_out(two_calls(), size)
    assert "is away" in words
    assert ["large-bodies" in name for name in threads] == [is_aside] * 3


@pytest.mark.parametrize("size", [0, LARGE])
def test_what_goes_wrong_in_the_steps_is_raised(size: int) -> None:
    def steps() -> Generator[Any, Any, Any]:
        yield ServiceCall("profiles", "echo", {})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        carry_out(steps(), size)


def test_others_go_on_while_a_large_body_is_worked_on() -> None:
    """The large body waits for what only another request does."""
    done = threading.Event()

    def large() -> Generator[Any, Any, Any]:
        assert done.wait(30)
        yield ServiceCall("profiles", "echo", {})
        return "large"

    def small() -> Generator[Any, Any, Any]:
        yield ServiceCall("profiles", "echo", {})
        done.set()
        return "small"

    async def run() -> list[Any]:
        services = Services(cast("Any", AnsweringRpc()), cast("Any", None), None)
        answers = await asyncio.gather(
            services.carry_out(large(), CallOrigin("large"), LARGE),
            services.carry_out(small(), CallOrigin("small"), 10),
        )
        return list(answers)

    assert asyncio.run(run()) == ["large", "small"]


def test_of_large_bodies_a_few_are_worked_on_at_once_and_others_have_no_turn_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.gateway.server.calls._TURN_SECONDS", 0.05)
    done = threading.Event()

    def waiting() -> Generator[Any, Any, Any]:
        yield ServiceCall("profiles", "echo", {})
        assert done.wait(30)
        return "had its turn"

    async def run() -> list[Any]:
        services = Services(cast("Any", AnsweringRpc()), cast("Any", None), None)
        large = [
            asyncio.create_task(services.carry_out(waiting(), CallOrigin("large"), LARGE))
            for _ in range(3)
        ]
        refused, _ = await asyncio.wait(large, return_when=asyncio.FIRST_COMPLETED)
        done.set()
        ended = await asyncio.gather(*large, return_exceptions=True)
        assert [type(task.exception()) for task in refused] == [Unavailable]
        return [each for each in ended if not isinstance(each, Unavailable)]

    assert asyncio.run(run()) == ["had its turn"] * 2
