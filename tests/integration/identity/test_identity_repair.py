"""A support desk at work: on both databases, and over the wire with all who follow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chassis import FixedClock, NotFound, Refused, parse_instant
from chassis.config.settings import Settings
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.messaging import embedded
from chassis.runtime.client import Client
from chassis.runtime.runner import Runner
from chassis.validation import load_checked
from contracts.identity.support import IdentityExplainResponse, RepairResponse, ReviewEntrySchema
from services.identity import queries, store
from services.identity.commands import RepairHandler, ResolveHandler
from services.identity.domain.observation import Observation
from services.identity.domain.resolution import Resolution
from services.identity.domain.state import Sighting, Tenure
from services.identity.service import IdentityService
from services.profiles.service import ProfilesService
from services.segments.service import SegmentsService
from tests.unit.identity.shop import OBSERVER, seen

NOW = parse_instant("2026-11-21T19:30:00Z")
ORDER = {
    "revenue": 90_000,
    "currency": "USD",
    "products": [{"sku": "w", "category": "watches", "quantity": 1, "price": 90_000}],
}


def resolve(work: UnitOfWorkRunner, *observations: Observation) -> list[Resolution]:
    """The resolutions of events, all of which have identifiers that can be used."""
    results, _ = ResolveHandler(OBSERVER.policy).resolve(observations, work)
    return [result for result in results if isinstance(result, Resolution)]


def test_a_dry_run_says_what_would_be_and_changes_nothing(
    service_database: Callable[[str], Database],
) -> None:
    work = UnitOfWorkRunner(service_database("identity"), "identity", FixedClock(NOW))
    guest, account, _ = resolve(
        work,
        seen(1, {"anonymous_id": "d-2"}),
        seen(2, {"user_id": "u-1", "anonymous_id": "d-1"}, signed_in=True),
        seen(3, {"user_id": "u-1", "anonymous_id": "d-2"}, signed_in=True),
    )
    repair = RepairHandler(OBSERVER.policy)
    keys = OBSERVER.keys({"anonymous_id": "d-2"})
    before = work.read(lambda unit: queries.describe(unit, account.profile))
    tried = repair.split(account.profile, keys, "two sisters", work, dry_run=True)
    assert tried.fact is None
    assert work.read(lambda unit: queries.describe(unit, account.profile)) == before
    done = repair.split(guest.profile, keys, "two sisters", work, dry_run=False)
    assert {p: set(s) for p, s in done.after.items()} == {p: set(s) for p, s in tried.after.items()}
    assert set(done.after) == {account.profile, guest.profile}
    assert done.fact is not None
    assert (done.fact.data["reason"], done.fact.data["note"]) == ("split", "two sisters")


def test_what_was_split_stays_apart_in_the_database_until_the_desk_merges_it(
    service_database: Callable[[str], Database],
) -> None:
    work = UnitOfWorkRunner(service_database("identity"), "identity", FixedClock(NOW))
    resolver, repair = ResolveHandler(OBSERVER.policy), RepairHandler(OBSERVER.policy)
    order = seen(1, {"email": "a@b.example"}, type="order_completed")
    both = seen(2, {"user_id": "u-1", "email": "a@b.example"}, signed_in=True, type="signed_in")
    _, account = resolve(work, order, both)
    repaired = repair.split(
        account.profile, OBSERVER.keys({"email": "a@b.example"}), "his", work, dry_run=False
    )
    (split_off,) = repaired.after.keys() - {account.profile}
    (again,), facts = resolver.resolve([both], work)
    assert facts == []
    assert "support desk" in again.ignored[0].reason
    assert resolve(work, order)[0].profile == split_off
    repair.merge(account.profile, split_off, "hers after all", work, dry_run=False)
    (again,), _ = resolver.resolve([both], work)
    assert again.ignored == ()
    assert resolve(work, order)[0].profile == account.profile


def test_an_address_that_a_merge_has_taken_along_and_a_split_within_are_undone_in_turn(
    service_database: Callable[[str], Database],
) -> None:
    work = UnitOfWorkRunner(service_database("identity"), "identity", FixedClock(NOW))
    repair = RepairHandler(OBSERVER.policy)
    order, guest, account, _ = resolve(
        work,
        seen(1, {"email": "a@b.example"}, type="order_completed"),
        seen(1, {"device_id": "d-1", "anonymous_id": "a-1"}),
        seen(2, {"user_id": "u-1"}, signed_in=True),
        seen(3, {"device_id": "d-1", "email": "b@b.example"}, type="order_completed"),
    )

    def facts() -> tuple[set[Tenure], set[Sighting]]:
        """What is known of tenures and addresses, without the versions and marks of splits."""

        def read(unit: UnitOfWork) -> tuple[set[Tenure], set[Sighting]]:
            tenures = [Tenure(*row) for row in unit.connection.execute(store.SELECT_TENURES)]
            rows = unit.connection.execute(store.SELECT_SIGHTINGS)
            plain = {tenure._replace(epoch=0, split_marks="") for tenure in tenures}
            return plain, {Sighting(*row)._replace(epoch=0) for row in rows}

        return work.read(read)

    def keys(**identifiers: str) -> set[str]:
        return OBSERVER.keys(identifiers)

    before = [facts()]
    repair.merge(order.profile, guest.profile, "his order", work, dry_run=False)
    before.append(facts())
    repair.merge(guest.profile, account.profile, "his device", work, dry_run=False)
    before.append(facts())
    device = keys(device_id="d-1")
    one, other = repair.split(account.profile, device, "no", work, dry_run=False).after
    repair.merge(one, other, "this one, too", work, dry_run=False)
    assert facts() == before.pop()
    repair.split(account.profile, keys(user_id="u-1"), "not his", work, dry_run=False)
    assert facts() == before.pop()
    his = current(work, guest)
    repair.split(his, keys(email="a@b.example"), "not his, either", work, dry_run=False)
    assert facts() == before.pop()


def current(work: UnitOfWorkRunner, earlier: Resolution) -> str:
    """The profile that the stream of an earlier answer is in today."""
    return work.read(lambda unit: store.current_profiles(unit, [earlier.stream])[earlier.stream])


def test_large_into_small_then_split_then_small_into_large(
    service_database: Callable[[str], Database],
) -> None:
    work = UnitOfWorkRunner(service_database("identity"), "identity", FixedClock(NOW))
    (small,) = resolve(work, seen(1, {"anonymous_id": "small"}))
    large, *_ = resolve(
        work,
        *(
            seen(number, {"user_id": "u-1", "anonymous_id": f"d-{number}"}, signed_in=True)
            for number in range(2, 42)
        ),
    )
    repair = RepairHandler(OBSERVER.policy)

    def streams(profile: str) -> set[str]:
        described = work.read(lambda unit: queries.describe(unit, profile))
        return {stream["stream"] for stream in described["streams"]}

    apart = streams(small.profile), streams(large.profile)
    assert [len(each) for each in apart] == [1, 41]
    both = apart[0] | apart[1]
    repair.merge(small.profile, large.profile, "large into small", work, dry_run=False)
    assert streams(small.profile) == streams(large.profile) == both
    keys = OBSERVER.keys({"anonymous_id": "small"})
    repair.split(large.profile, keys, "not theirs", work, dry_run=False)
    assert (streams(small.profile), streams(large.profile)) == apart
    repair.merge(large.profile, small.profile, "small into large", work, dry_run=False)
    assert streams(small.profile) == streams(large.profile) == both


@pytest.fixture
def cdp(service_database_uri: Callable[[str], str]) -> Iterator[Client]:
    embedded.forget()
    kinds = (IdentityService, ProfilesService, SegmentsService)
    uri = embedded.install([kind.name for kind in kinds])
    runner = Runner(
        [
            (kind, Settings(kind.name, service_database_uri(kind.name), uri, FixedClock(NOW), b"k"))
            for kind in kinds
        ]
    )
    runner.start()
    with Client(uri) as client:
        yield client
    runner.stop()


def event(number: int, signed_in: bool = False, **identifiers: str) -> dict[str, Any]:
    return {
        "id": f"e-{number}",
        "type": "order_completed",
        "time": "2026-11-21T19:00:00Z",
        "identifiers": identifiers,
        "authenticated": signed_in,
        "data": {**ORDER, "order_id": f"o-{number}"},
    }


def state_of(cdp: Client, *profile_ids: str) -> dict[str, Any]:
    """What profiles and segments say of profiles, without the versions of their streams."""
    states = {}
    for profile_id in profile_ids:
        profile = cdp.call("profiles", "get", profile_id=profile_id)
        groups = cdp.call("segments", "memberships", profile_id=profile_id)
        names = [each["segment"] for each in groups["segments"]]
        states[profile_id] = {
            **{name: profile[name] for name in ("profile_id", "orders", "traits", "events")},
            "streams": sorted(profile["versions"]),
            "segments": names,
        }
    return states


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_profiles_and_segments_follow_merges_and_splits_as_if_they_had_never_been(
    cdp: Client,
) -> None:
    recorded = cdp.call(
        "profiles",
        "record",
        events=[
            *(event(n, signed_in=True, user_id="ann") for n in range(4)),
            *(event(n, anonymous_id="tablet") for n in range(4, 8)),
        ],
    )
    receipts = recorded["receipts"]
    ann, tablet = receipts[0]["profile_id"], receipts[7]["profile_id"]
    for profile in (ann, tablet):
        cdp.call(
            "segments", "memberships", profile_id=profile, at_least=recorded["token"], wait_ms=9_000
        )
    apart = state_of(cdp, ann, tablet)

    tried = cdp.call("identity", "merge", a=ann, b=tablet, reason="she called", dry_run=True)
    load_checked(RepairResponse(), tried)
    assert [part["profile_id"] for part in tried["after"]] == [ann]
    assert tried["after"][0]["profile"]["orders"]["count"] == 8
    assert [part["segments"] for part in tried["before"]] == [
        apart[profile]["segments"] for profile in (ann, tablet)
    ]
    assert state_of(cdp, ann, tablet) == apart

    done = cdp.call("identity", "merge", a=ann, b=tablet, reason="she called")
    load_checked(RepairResponse(), done)
    wait_for(lambda: len(state_of(cdp, ann)[ann]["streams"]) == 2)
    wait_for(lambda: state_of(cdp, ann)[ann]["segments"] == tried["after"][0]["segments"])
    assert state_of(cdp, tablet)[tablet]["profile_id"] == ann

    cdp.call(
        "identity", "split", profile_id=ann, identifiers={"anonymous_id": "tablet"}, reason="no"
    )
    wait_for(lambda: state_of(cdp, ann, tablet) == apart)

    identifiers = cdp.call("profiles", "get", profile_id=tablet, reveal=True)["identifiers"]
    assert [(each["type"], each["value"]) for each in identifiers] == [("anonymous_id", "tablet")]

    history = cdp.call("identity", "explain", profile_id=tablet)
    load_checked(IdentityExplainResponse(), history)
    assert [fact["reason"] for fact in history["happened"]] == ["created", "merged", "split"]
    assert history["happened"][1]["note"] == "she called"
    assert history["happened"][2]["moves"][-1]["came_from"] == ann

    with pytest.raises(NotFound):
        cdp.call("identity", "merge", a=ann, b="nobody", reason="x")
    bob = cdp.call("profiles", "record", events=[event(9, signed_in=True, user_id="bob")])
    with pytest.raises(Refused, match="two accounts stay two"):
        cdp.call("identity", "merge", a=ann, b=bob["receipts"][0]["profile_id"], reason="x")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_review_list_has_refused_merges_and_devices_that_accounts_share(
    cdp: Client,
) -> None:
    mail = "family@shop.example"
    events = [
        {**event(n, signed_in=True, user_id=u, email=mail), "type": "signed_in", "data": {}}
        for n, u in enumerate(("ann", "bob"))
    ]
    events += [
        event(n + 10, signed_in=True, user_id=f"u-{n}", anonymous_id="till") for n in range(3)
    ]
    cdp.call("profiles", "record", events=events)
    listed = cdp.call("identity", "review")
    for entry in listed:
        load_checked(ReviewEntrySchema(), entry)
    assert sorted((entry["kind"], entry["about"].partition(":")[0]) for entry in listed) == [
        ("merge_refused", "email"),
        ("shared_device", "anonymous_id"),
    ]
    refused = cdp.call("identity", "review", kind="merge_refused")[0]
    left = cdp.call("identity", "review", done=refused["id"])
    assert {entry["kind"] for entry in left} == {"shared_device"}
