"""What is known of the broker, in words."""

from __future__ import annotations

from chassis.observability.broker_state import BrokerState, EmbeddedBrokerState


class Seconds:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_broker_is_connected_for_five_seconds_after_an_answer() -> None:
    clock = Seconds()
    state = BrokerState(clock)
    assert not state.is_connected()
    assert state.problem() == "broker: has not answered yet, for 0 s"
    state.answered()
    assert state.is_connected()
    assert state.problem() is None
    clock.now += 4.9
    assert state.is_connected()
    clock.now += 0.2
    assert state.problem() == "broker: does not answer, for 5 s"
    state.failed(ConnectionRefusedError())
    clock.now += 3.0
    assert state.problem() == "broker: is out of reach (ConnectionRefusedError), for 8 s"


def test_a_process_is_deaf_only_while_the_broker_is_well() -> None:
    clock = Seconds()
    state = BrokerState(clock)
    state.did_not_arrive()
    clock.now += 59.0
    state.did_not_arrive()
    assert state.problem() == "broker: passes on no message to this process, for 59 s"
    assert not state.is_deaf()
    clock.now += 2.0
    assert state.is_deaf()
    state.failed(TimeoutError())
    assert not state.is_deaf(), "a restart would not help"
    state.did_not_arrive()
    clock.now += 61.0
    assert state.is_deaf()
    state.answered()
    assert not state.is_deaf()


def test_the_embedded_broker_is_always_there() -> None:
    assert EmbeddedBrokerState().problem() is None
