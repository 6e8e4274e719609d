"""The suite of processes that other tests stand on does what they rely on."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.system import ProcessSuite


def test_processes_come_up_are_killed_and_come_back(suite: Callable[..., ProcessSuite]) -> None:
    system = suite(replicas=2, services=("profiles", "offers"))
    assert system.call("profiles", "ping")["service"] == "profiles"
    victim = system.alive("profiles")[0]
    system.kill(victim)
    assert not victim.alive
    assert system.call("profiles", "ping")["service"] == "profiles"
    system.start("profiles")
    assert len(system.alive("profiles")) == 2
    assert system.stop(system.alive("offers")[0]) == 0


def test_calls_are_answered_again_after_every_connection_was_cut(
    suite: Callable[..., ProcessSuite],
) -> None:
    system = suite(services=("profiles",))
    system.cut_connections()
    system.wait_until_ready()
    assert system.call("profiles", "ping")["service"] == "profiles"
