"""Identity on both databases: tables, locks and log follow the pure resolution."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import Event, FixedClock, NotFound, format_instant, new_id, parse_instant
from chassis.database.engine import Database
from chassis.database.tables import EVENTS
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.identity import queries, store
from services.identity.commands import ResolveHandler
from services.identity.domain.observation import Observation
from services.identity.domain.resolution import (
    Resolution,
    may_have_gone_elsewhere,
    resolve,
    resolve_all,
    resolve_unchanged,
)
from services.identity.domain.state import IdentityPolicy, IdentityState, Incomplete, Needs
from tests.unit.identity.observed import PEOPLE, SEQUENCES
from tests.unit.identity.shop import OBSERVER, TYPES, ResolvedShop, seen, whole_state

NOW = parse_instant("2026-11-21T19:30:00Z")


class IdentityWithoutNameko:
    """Identity on a database; `resolve` returns the answers and the facts."""

    def __init__(self, database: Database) -> None:
        self.work = UnitOfWorkRunner(database, "identity", FixedClock(NOW))
        self.resolver = ResolveHandler(OBSERVER.policy)

    def resolve(self, *observations: Observation) -> tuple[list[Resolution], list[Event]]:
        answers, facts = self.resolver.resolve(observations, self.work)
        assert all(isinstance(answer, Resolution) for answer in answers)
        return answers, facts  # type: ignore[return-value]

    def profiles(self, *answers: Resolution) -> set[str]:
        """The profiles that the streams of earlier answers are in today."""
        streams = [answer.stream for answer in answers]
        return set(self.work.read(lambda unit: store.current_profiles(unit, streams).values()))

    def log(self) -> list[Event]:
        query = sa.select(EVENTS.c.stream_id)
        return self.work.read(
            lambda unit: unit.history(
                dict.fromkeys(unit.connection.execute(query).scalars(), 0), 9_999
            )
        )

    def forget(self) -> None:
        """Empty its own tables; the log is append-only, and new streams have new names."""
        with self.work.database.transaction() as connection:
            for table in store.METADATA.sorted_tables:
                connection.execute(sa.delete(table))


@pytest.fixture
def identity(service_database: Callable[[str], Database]) -> IdentityWithoutNameko:
    return IdentityWithoutNameko(service_database("identity"))


def labels(events: Sequence[Event]) -> Mapping[str, tuple[int, str]]:
    """The label of each stream that facts end in, whatever their order."""
    newest: dict[str, tuple[int, str]] = {}
    for event in events:
        for entry in event.data["streams"]:
            label = (entry["epoch"], entry["profile_id"])
            newest[entry["stream"]] = max(newest.get(entry["stream"], (0, "")), label)
    return newest


def test_a_guest_who_signs_in_keeps_the_profile_and_the_history(
    identity: IdentityWithoutNameko,
) -> None:
    (guest,), _ = identity.resolve(seen(1, {"anonymous_id": "d-1"}))
    (account,), facts = identity.resolve(
        seen(2, {"anonymous_id": "d-1", "user_id": "u-1"}, signed_in=True)
    )
    assert identity.profiles(guest, account) == {guest.profile}
    (fact,) = facts
    assert (fact.type, fact.joint) == ("identity_changed", True)
    assert fact.data["reason"] == "tenure_opened"


def test_what_is_known_already_makes_no_fact(identity: IdentityWithoutNameko) -> None:
    both = seen(1, {"anonymous_id": "d-1", "user_id": "u-1"}, signed_in=True)
    first, facts = identity.resolve(both)
    assert len(facts) == 1
    again, facts = identity.resolve(
        both, replace(both, event_id="e-2"), seen(3, {"anonymous_id": "d-1"})
    )
    assert facts == []
    assert {answer.profile for answer in again} == {first[0].profile}


def test_a_batch_is_resolved_one_after_the_other(identity: IdentityWithoutNameko) -> None:
    answers, facts = identity.resolve(
        seen(1, {"anonymous_id": "d-1"}),
        seen(2, {"anonymous_id": "d-2"}),
        seen(3, {"anonymous_id": "d-1", "device_id": "d-2"}),
        seen(4, {"anonymous_id": "d-2", "device_id": "d-2"}),
    )
    assert len(identity.profiles(*answers)) == 1
    assert [fact.data["reason"] for fact in facts] == ["created", "created", "linked", "merged"]


def test_every_fact_stands_in_the_log_of_each_stream_at_its_epoch(
    identity: IdentityWithoutNameko,
) -> None:
    _, facts = identity.resolve(
        seen(1, {"anonymous_id": "d-1"}),
        seen(2, {"user_id": "u-1"}, signed_in=True),
        seen(3, {"anonymous_id": "d-1", "user_id": "u-1"}, signed_in=True),
    )
    log = identity.log()
    assert {event.data["fact_id"] for event in log} == {fact.data["fact_id"] for fact in facts}
    for event in log:
        (entry,) = (e for e in event.data["streams"] if e["stream"] == event.stream)
        assert entry["epoch"] == entry["version"] == event.version
    assert {fact.metadata["causation_id"] for fact in facts} == {"e"}


def test_no_value_of_an_identifier_is_in_the_log(identity: IdentityWithoutNameko) -> None:
    identity.resolve(seen(1, {"email": "ann.smith@shop.example", "anonymous_id": "cookie-77"}))
    text = repr([event.to_wire() for event in identity.log()])
    assert "ann.smith" not in text
    assert "cookie-77" not in text


def test_an_old_profile_id_describes_what_it_was_merged_into(
    identity: IdentityWithoutNameko,
) -> None:
    (guest, account, _), _ = identity.resolve(
        seen(1, {"anonymous_id": "d-1"}),
        seen(2, {"user_id": "u-1"}, signed_in=True),
        seen(3, {"anonymous_id": "d-1", "user_id": "u-1"}, signed_in=True),
    )
    response = identity.work.read(lambda unit: queries.describe(unit, guest.profile))
    assert (response["profile_id"], response["requested"]) == (account.profile, guest.profile)
    assert response["merged_profiles"] == [guest.profile]
    assert [stream["identifiers"][0]["type"] for stream in response["streams"]] == [
        "anonymous_id",
        "user_id",
        "anonymous_id",
    ]
    with pytest.raises(NotFound):
        identity.work.read(lambda unit: queries.describe(unit, "never-given"))


def test_a_description_says_from_when_to_when_a_device_was_whose(
    identity: IdentityWithoutNameko,
) -> None:
    (ann, bob), _ = identity.resolve(
        seen(1_000_000, {"anonymous_id": "d-1", "user_id": "ann"}, signed_in=True),
        seen(2_000_000, {"anonymous_id": "d-1", "user_id": "bob"}, signed_in=True),
    )
    spans = {}
    for answer in (ann, bob):
        profile = identity.work.read(partial(queries.describe, requested=answer.profile))
        (device,) = (s for s in profile["streams"] if s["identifiers"][0]["type"] == "anonymous_id")
        spans[answer.profile] = (device["opened_at"], device["closed_at"])
    sign_in, handover = "1970-01-01T00:00:01.000000Z", "1970-01-01T00:00:02.000000Z"
    assert spans == {ann.profile: (sign_in, handover), bob.profile: (handover, None)}


def test_a_lookup_changes_nothing_and_answers_alike_whatever_is_known_of_an_address(
    identity: IdentityWithoutNameko,
) -> None:
    (account, _), _ = identity.resolve(
        seen(1, {"email": "a@b.example", "user_id": "u-1"}, signed_in=True, type="signed_in"),
        seen(1, {"email": "typed@b.example"}, type="order_completed"),
    )

    def find(signed_in: bool, **identifiers: str) -> tuple[str | None, str | None]:
        observation = seen(2, identifiers, signed_in=signed_in)
        response = identity.work.read(
            lambda unit: queries.lookup(unit, OBSERVER.policy, observation)
        )
        return response["profile_id"], response["assurance"]

    assert find(True, user_id="u-1") == (account.profile, "verified")
    assert find(True, user_id="u-2") == (None, None)
    claims = [{"email": f"{name}@b.example"} for name in ("a", "typed", "new")]
    claims += [{"user_id": name} for name in ("u-1", "u-2")]
    assert {find(False, **claim) for claim in claims} == {(None, "claimed")}
    assert len(identity.log()) == 2


@st.composite
def guests_events(draw: st.DrawFn) -> Observation:
    """An event of nobody who has signed in, with an address that many have told, or another."""
    devices = ["d-7", "d-8", "never-seen"]
    of_devices = [{}, *({kind: d} for kind in ("anonymous_id", "device_id") for d in devices)]
    identifiers = dict(draw(st.sampled_from(of_devices)))
    identifiers |= {"email": draw(st.sampled_from(["a@b.example", "new@b.example"]))}
    identifiers |= draw(st.sampled_from([{}, {"phone": "+491511234567"}, {"user_id": "u-1"}]))
    kinds = ["order_completed", "checkout_started", "consent_changed", "signed_in"]
    origin = draw(st.sampled_from(["server", "browser"]))
    return seen(3, identifiers, type=draw(st.sampled_from(kinds)), origin=origin)


CALLS_OF_GUESTS = st.lists(guests_events(), min_size=1, max_size=6)


@pytest.mark.parametrize("proven", [False, True])
def test_a_guests_event_reads_a_row_for_each_identifier_and_one_more_whatever_its_address_has(
    identity: IdentityWithoutNameko, proven: bool, size: Callable[[int, int], int]
) -> None:
    mail = {"email": "a@b.example"}
    for start in range(0, size(300, 10_000), 100):
        orders = [
            seen(1, {"anonymous_id": f"d-{start + n}", **mail}, type="order_completed")
            for n in range(100)
        ]
        identity.resolve(*orders)
    if proven:
        identity.resolve(seen(2, {"user_id": "u-1", **mail}, signed_in=True, type="signed_in"))

    @given(CALLS_OF_GUESTS)
    def read_few(events: list[Observation]) -> None:
        load = partial(store.load_known, policy=OBSERVER.policy, observations=events)
        state = identity.work.read(load)
        rows = [*state.tenures, *state.address_tenures(), *state.sightings]
        assert len(rows) <= sum(len(event.identifiers) + 1 for event in events)
        # Under locks also the name of the account that holds the address.
        for event in events:
            assert _rows_read(identity, event) <= len(event.identifiers) + 2
        identity.resolve(*events)  # and so will the next ones be, after these

    read_few()


def test_a_proof_reads_and_moves_the_newest_streams_of_an_address_however_many_it_has(
    identity: IdentityWithoutNameko,
) -> None:
    policy = IdentityPolicy(TYPES, most_proven=5)
    identity.resolver = ResolveHandler(policy)
    mail = {"email": "a@b.example"}
    orders = [
        seen(1 + n // 2, {"device_id": f"d-{n}", **mail}, type="order_completed") for n in range(40)
    ]
    before, _ = identity.resolve(*orders)
    proof = seen(100, {"user_id": "u-1", **mail}, signed_in=True, type="signed_in")
    assert _rows_read(identity, proof, policy) <= 2 * (policy.most_proven + 1)
    (account,), _ = identity.resolve(proof)
    newest = sorted(zip(orders, before, strict=True), key=lambda p: (p[0].time, p[1].stream))[-5:]
    moved = [answer for answer in before if identity.profiles(answer) == {account.profile}]
    assert {answer.stream for answer in moved} == {answer.stream for _, answer in newest}
    # What is left stays, whatever is judged anew on its device; what comes is the account's.
    identity.resolve(*(seen(101, {"device_id": f"d-{n}", "anonymous_id": "a"}) for n in range(9)))
    again = [answer for answer in before if identity.profiles(answer) == {account.profile}]
    assert again == moved
    (new,), _ = identity.resolve(seen(102, {"device_id": "d-new", **mail}, type="order_completed"))
    assert new.profile == account.profile


def test_what_an_event_of_an_account_reads_does_not_grow_with_its_devices(
    identity: IdentityWithoutNameko, size: Callable[[int, int], int]
) -> None:
    def signed_in(time: int, type: str, **more: str) -> Observation:  # noqa: A002 - of the event
        return seen(time, {"user_id": "u-1", **more}, signed_in=True, type=type)

    for start in range(0, size(200, 10_000), 100):
        devices = [f"d-{start + n}" for n in range(100)]
        identity.resolve(*(signed_in(1, "signed_in", device_id=device) for device in devices))
    events = [
        signed_in(2, "signed_in", device_id="new"),
        signed_in(3, "order_completed", email="a@b.example"),
        signed_in(4, "signed_out", device_id="d-3"),
        seen(5, {"device_id": "d-5", "email": "c@b.example"}, type="order_completed"),
        seen(6, {"device_id": "d-7", "anonymous_id": "a-7"}),
    ]
    for event in events:
        read = _rows_read(identity, event)
        assert read <= 12, (event.type, read)
        identity.resolve(event)


def test_what_a_sign_in_on_a_till_reads_does_not_grow_with_the_addresses_of_its_orders(
    identity: IdentityWithoutNameko, size: Callable[[int, int], int]
) -> None:
    def order(time: int, number: int) -> Observation:
        mail = f"shopper-{number}@b.example"
        return seen(time, {"device_id": "till", "email": mail}, type="order_completed")

    def sent(time: int, **identifiers: str) -> Observation:
        return seen(time, identifiers, signed_in=True, type="signed_in", proven=[])

    identity.resolve(sent(1, user_id="u-1", email="shopper-7@b.example"))
    for start in range(0, size(300, 10_000), 100):
        identity.resolve(*(order(2, start + n) for n in range(100)))
    events = [
        sent(3, user_id="u-1", device_id="till"),
        sent(4, user_id="u-2", device_id="till"),
        seen(5, {"device_id": "till", "anonymous_id": "a-1"}),
        seen(6, {"device_id": "till"}, type="signed_out"),
        sent(7, user_id="u-1", email="shopper-9@b.example"),
    ]
    answers = []
    for event in events:
        read = _rows_read(identity, event)
        assert read <= 16, (event.type, read)
        answers += identity.resolve(event)[0]
    (seventh, ninth, eleventh), _ = identity.resolve(order(2, 7), order(2, 9), order(2, 11))
    assert identity.profiles(seventh, ninth, answers[0]) == {answers[0].profile}
    assert eleventh.profile == eleventh.stream


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SEQUENCES)
def test_a_till_is_resolved_from_some_of_its_streams_as_it_is_from_all(
    identity: IdentityWithoutNameko, sequence: list[Observation]
) -> None:
    identity.forget()
    shop = ResolvedShop()
    names = (*PEOPLE, *(f"shopper-{number}" for number in range(4)))
    orders = [
        seen(4, {"device_id": "mobile", "email": f"{name}@shop.example"}, type="order_completed")
        for name in names
    ]
    expected = [shop.resolve(observation) for observation in (*orders, *sequence)]
    answers = identity.resolve(*orders)[0]
    for observation in sequence:
        answers = [*answers, *identity.resolve(observation)[0]]
    labels_now = {stream: label for stream, (_, label) in _labels_in_tables(identity).items()}
    pairs: set[tuple[str, str]] = set()
    for answer, pure in zip(answers, expected, strict=True):
        assert isinstance(pure, Resolution)
        pairs.add((labels_now[answer.stream], shop.profile_of(pure)))
    assert len({one for one, _ in pairs}) == len({other for _, other in pairs}) == len(pairs)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SEQUENCES)
def test_what_is_not_looked_up_goes_again_where_it_went_whatever_came_after(
    identity: IdentityWithoutNameko, sequence: list[Observation]
) -> None:
    identity.forget()
    answers = [identity.resolve(observation)[0][0] for observation in sequence]
    for observation, answer in zip(sequence, answers, strict=True):
        load = partial(store.load_known, policy=OBSERVER.policy, observations=[observation])
        known = identity.work.read(load)
        if not may_have_gone_elsewhere(known, observation):
            again = resolve_unchanged(known, observation)
            if isinstance(again, Resolution):
                assert (again.stream, again.came_from) == (answer.stream, None)


def test_events_of_accounts_and_of_new_devices_look_up_no_earlier_resolution(
    identity: IdentityWithoutNameko,
) -> None:
    def looks_up(observation: Observation) -> bool:
        load = partial(store.load_known, policy=OBSERVER.policy, observations=[observation])
        return may_have_gone_elsewhere(identity.work.read(load), observation)

    account = {"user_id": "ann", "anonymous_id": "laptop"}
    view = seen(1, {"anonymous_id": "mobile"})
    assert not looks_up(view)
    identity.resolve(seen(1, account, signed_in=True), view)
    assert not looks_up(seen(2, account, signed_in=True))
    assert not looks_up(view)
    identity.resolve(seen(3, {"user_id": "ann", "anonymous_id": "mobile"}, signed_in=True))
    assert looks_up(view)
    assert looks_up(seen(4, {"email": "ann@shop.example"}, type="order_completed"))


def test_what_is_read_and_locked_on_a_till_does_not_grow_with_those_who_have_signed_in_there(
    identity: IdentityWithoutNameko, size: Callable[[int, int], int]
) -> None:
    def at_till(time: int, type: str, user: int | None = None, **more: str) -> Observation:  # noqa: A002 - of the event
        names = {} if user is None else {"user_id": f"u-{user}"}
        identifiers = {"device_id": "till", **names, **more}
        return seen(time, identifiers, signed_in=user is not None, type=type)

    last = size(300, 3_000)
    for start in range(0, last, 50):
        numbers = range(start, start + 50)
        identity.resolve(
            *(
                at_till(10 * number + place, kind, number)
                for number in numbers
                for place, kind in enumerate(("signed_in", "signed_out"))
            )
        )
    now = 10 * last
    events = [
        at_till(now, "signed_in", last),
        at_till(now + 1, "signed_out", last),
        at_till(now + 2, "product_viewed"),
        at_till(now + 3, "order_completed", email="a@b.example"),
        at_till(now + 4, "signed_in", 7),
        at_till(now + 5, "signed_out"),
        at_till(now + 6, "product_viewed", anonymous_id="a-1"),
        at_till(now // 2 + 5, "signed_in", last),
        at_till(now // 2 + 6, "signed_out"),
        at_till(now // 2 + 7, "product_viewed"),
        at_till(5, "product_viewed"),
        at_till(-5, "product_viewed"),
    ]
    for event in events:
        state = _loaded_for(identity, event)
        (till,) = {i.key for i in event.devices if i.type.name == "device_id"}
        assert len(state.line(till)) <= 16, (event.type, event.time)
        assert len([*state.tenures, *state.sightings]) <= 20, (event.type, event.time)
        assert len(state.profiles) <= 12, (event.type, event.time)
        known = identity.work.read(
            partial(store.load_known, policy=OBSERVER.policy, observations=[event])
        )
        assert len(known.tenures) <= 2
        identity.resolve(event)


def test_guests_before_and_after_a_late_sign_out_are_two(identity: IdentityWithoutNameko) -> None:
    for time, type_ in ((1, "signed_in"), (10, "signed_out"), (5, "signed_out")):
        identity.resolve(
            seen(time, {"device_id": "till", "user_id": "u-1"}, signed_in=True, type=type_)
        )
    (before,), _ = identity.resolve(seen(7, {"device_id": "till"}))
    (after,), _ = identity.resolve(seen(12, {"device_id": "till"}))
    assert len(identity.profiles(before, after)) == 2


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_guests_tenure_that_an_earlier_release_left_its_old_period_is_not_there_any_more(
    identity: IdentityWithoutNameko, goes_on: bool
) -> None:
    def at_till(time: int, user: str | None = None, type_: str = "product_viewed") -> Resolution:
        names = {"user_id": user} if user else {}
        (answer,), _ = identity.resolve(
            seen(time, {"device_id": "till", **names}, signed_in=bool(user), type=type_)
        )
        return answer

    for time in (10, 30, 50):
        at_till(time, f"u-{time}", "signed_in")
        if time < 50:
            at_till(time + 10, f"u-{time}", "signed_out")
    with identity.work.database.transaction() as connection:  # as that release has written
        updated = connection.exec_driver_sql(
            "UPDATE periods SET stream_id = (SELECT stream_id FROM tenures WHERE empty)"
            " WHERE stream_id IS NULL AND opened_at > 0"
        )
        assert updated.rowcount == 2
    if goes_on:
        at_till(60, "u-50", "signed_out")
    times = (65, 25, 45) if goes_on else (25, 45)
    guests = {time: at_till(time) for time in times}
    assert len({guest.stream for guest in guests.values()}) == len(times)
    assert at_till(26).stream == guests[25].stream
    described = identity.work.read(partial(queries.describe, requested=guests[45].profile))
    (stream,) = [each for each in described["streams"] if each["stream"] == guests[45].stream]
    assert (stream["opened_at"], stream["closed_at"]) == (format_instant(40), format_instant(50))


@st.composite
def tills_events(draw: st.DrawFn) -> Observation:
    """What happens at a till at any time: somebody signs in or out, browses, or buys."""
    names = st.sampled_from([f"shopper-{n}" for n in range(7)])
    identifiers = {"device_id": "till"}
    if draw(st.integers(0, 5)) == 0:
        identifiers = {"anonymous_id": "tablet"} | draw(st.sampled_from([{}, identifiers]))
    doing = draw(st.sampled_from(["signed_in", "signed_in", "signed_out", "seen", "bought"]))
    named = doing == "signed_in" or (doing == "signed_out" and draw(st.booleans()))
    if named:
        identifiers["user_id"] = draw(names)
    if doing == "bought" or draw(st.integers(0, 7)) == 0:
        identifiers["email"] = f"{draw(names)}@shop.example"
    kinds = {"seen": "product_viewed", "bought": "order_completed"}
    time = draw(st.integers(1, 30))
    return seen(time, identifiers, signed_in=named, type=kinds.get(doing, doing))


@pytest.mark.parametrize("near", [1, 4])
def test_a_till_is_resolved_from_what_is_near_as_it_is_from_all(
    identity: IdentityWithoutNameko, near: int, size: Callable[[int, int], int]
) -> None:
    @settings(max_examples=size(8, 1_000), suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(tills_events(), min_size=20, max_size=40), st.integers(0, 20))
    def resolve_alike(events: list[Observation], in_order: int) -> None:
        identity.forget()
        policy = IdentityPolicy(TYPES, near=near)
        identity.resolver = ResolveHandler(policy)
        events[:in_order] = sorted(events[:in_order], key=lambda event: event.time)
        events = [replace(event, event_id=f"e-{n}") for n, event in enumerate(events)]
        expected = _resolved_whole(events)
        partition: dict[str, str] = {}
        for start in range(0, len(events), 4):
            answers, _ = identity.resolve(*events[start : start + 4])
            for answer, pure in zip(answers, expected[start:], strict=False):
                assert (answer.epoch, answer.assurance, answer.ignored) == (
                    pure.epoch,
                    pure.assurance,
                    pure.ignored,
                )
                assert partition.setdefault(answer.stream, pure.stream) == pure.stream
                assert partition.setdefault(answer.profile, pure.profile) == pure.profile

    resolve_alike()


def _resolved_whole(events: Sequence[Observation]) -> list[Resolution]:
    """The answers of the pure resolution, from which nothing is missing."""
    state = whole_state()
    numbers = itertools.count(1)
    results = [resolve(state, event, lambda: f"s{next(numbers):05}")[0] for event in events]
    return [result for result in results if isinstance(result, Resolution)]


def _rows_read(
    identity: IdentityWithoutNameko, event: Observation, policy: IdentityPolicy = OBSERVER.policy
) -> int:
    """How many rows a change reads under its locks, until nothing is missing."""
    state = _loaded_for(identity, event, policy)
    return len([*state.tenures, *state.address_tenures(), *state.sightings])


def _loaded_for(
    identity: IdentityWithoutNameko, event: Observation, policy: IdentityPolicy = OBSERVER.policy
) -> IdentityState:
    """What a change reads under its locks, once nothing is missing."""
    needs = Needs()
    while True:
        load = partial(store.load_locked, policy=policy, observations=[event], needs=needs)
        state = identity.work.run(load)
        before = deepcopy(state)
        try:
            resolve_all(state, [event], new_id)
        except Incomplete as incomplete:
            needs |= incomplete.needs
        else:
            return before


_LIMITS = [IdentityPolicy(TYPES), IdentityPolicy(TYPES, most_tied=3, most_proven=1)]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SEQUENCES, st.sampled_from(_LIMITS))
def test_the_database_gives_what_the_pure_resolution_gives(
    identity: IdentityWithoutNameko, sequence: list[Observation], policy: IdentityPolicy
) -> None:
    identity.forget()
    identity.resolver = ResolveHandler(policy)
    shop = ResolvedShop(policy)
    expected = [shop.resolve(observation) for observation in sequence]
    half = len(sequence) // 2
    (first, _), (second, _) = identity.resolve(*sequence[:half]), identity.resolve(*sequence[half:])
    partition: dict[str, str] = {}
    for answer, pure in zip(first + second, expected, strict=True):
        assert isinstance(pure, Resolution)
        assert (answer.epoch, answer.assurance, answer.ignored) == (
            pure.epoch,
            pure.assurance,
            pure.ignored,
        )
        assert partition.setdefault(answer.stream, pure.stream) == pure.stream
        assert partition.setdefault(answer.profile, pure.profile) == pure.profile
    tables = _labels_in_tables(identity)
    assert labels([event for event in identity.log() if event.stream in tables]) == tables


@pytest.mark.parametrize("address", ["lea-{}@shop.example", "everybodys@shop.example"])
def test_a_batch_is_resolved_though_each_event_needs_to_know_another_account_whole(
    identity: IdentityWithoutNameko, address: str
) -> None:
    numbers = range(120)
    identity.resolve(
        *(seen(1, {"user_id": f"u-{n}", "device_id": f"d-{n}"}, signed_in=True) for n in numbers)
    )
    orders = [
        seen(2, {"device_id": f"d-{n}", "email": address.format(n)}, type="order_completed")
        for n in numbers
    ]
    answers, facts = identity.resolve(*orders)
    assert len({answer.stream for answer in answers}) == len(facts) == len(numbers)
    again, _ = identity.resolve(*orders)
    assert again == answers


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_profile_under_change_holds_up_neither_others_nor_its_own_known_events(
    identity: IdentityWithoutNameko,
) -> None:
    hot = seen(1, {"anonymous_id": "d-1", "user_id": "u-1"}, signed_in=True)
    known = seen(1, {"anonymous_id": "d-2", "user_id": "u-2"}, signed_in=True)
    first, _ = identity.resolve(hot, known)

    def while_locked(unit: UnitOfWork) -> None:
        store.load_locked(unit, OBSERVER.policy, [hot], Needs())
        again, facts = identity.resolve(hot, known, seen(2, {"anonymous_id": "d-3"}))
        linked, _ = identity.resolve(
            seen(3, {"device_id": "d-4", "user_id": "u-2"}, signed_in=True)
        )
        assert again[:2] == first
        assert len(facts) == 1
        assert linked[0].profile == first[1].profile

    identity.work.run(while_locked)


def _labels_in_tables(identity: IdentityWithoutNameko) -> Mapping[str, tuple[int, str]]:
    def read(unit: UnitOfWork) -> dict[str, tuple[int, str]]:
        return {
            row.stream_id: (row.epoch, row.profile_id)
            for table in (store.TENURES, store.SIGHTINGS)
            for row in unit.connection.execute(
                sa.select(table).where(table.c.stream_id.is_not(None))
            )
        }

    return identity.work.read(read)
