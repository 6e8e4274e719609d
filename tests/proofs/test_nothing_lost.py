"""Nothing lost, nothing twice: two processes of each service, killed in turn under load."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.proofs.checker import Checker
from tests.proofs.clients import Clients
from tests.proofs.nemesis import Nemesis
from tests.proofs.observer import SuiteObserver
from tests.proofs.workload import NOW, Workload, make_workload
from tests.support.servers import Databases, VirtualHosts
from tests.support.system import ProcessSuite

pytestmark = pytest.mark.timeout(1_800)  # one fixture has it all; its own waits are shorter
logger = logging.getLogger(__name__)

_SEED = 20
_NOW = int(NOW.timestamp()) * 1_000_000


@dataclass(frozen=True, slots=True)
class Proof:
    """A suite after the nemesis, when all is quiet again, and what was done to it."""

    suite: ProcessSuite
    workload: Workload
    nemesis: Nemesis
    clients: Clients
    observer: SuiteObserver
    checker: Checker


@pytest.fixture(scope="module")
def proof(
    databases: Databases,
    virtual_hosts: VirtualHosts,
    size: Callable[[int, int], int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Proof]:
    """A suite that has been through all of it and is quiet again."""
    environment = {"CDP_CLOCK": NOW.isoformat(), "CDP_RECONCILE_SECONDS": "5"}
    workload = make_workload(size(80, 500), _SEED)
    with ProcessSuite(
        databases,
        virtual_hosts,
        replicas=2,
        environment=environment,
        directory=tmp_path_factory.mktemp("suite"),
    ) as suite:
        nemesis = Nemesis(suite, _SEED)
        with Clients(suite.client_uri, workload.strands, nemesis.gate) as clients:
            nemesis.run(clients)
            clients.finish()
        observer = SuiteObserver(suite)
        seconds = observer.wait_until_quiet()
        logger.info(
            "%d events in %d calls, %d of them retried; %d messages repeated; quiet after %.1f s",
            len(clients.receipts),
            clients.calls,
            clients.tries - clients.calls,
            nemesis.sent_again,
            seconds,
        )
        yield Proof(suite, workload, nemesis, clients, observer, Checker(observer, _NOW))
        observer.close()


def flawless(lines: list[str]) -> None:
    assert not lines, "\n".join(["", *lines])


def test_every_process_was_killed_and_died_at_each_place_that_matters(proof: Proof) -> None:
    assert proof.nemesis.killed == [f"{name}-{n}" for n in (0, 1) for name in proof.suite.services]
    assert proof.nemesis.deaths == [
        "identity committed",
        "profiles resolved",
        "profiles committed",
        "segments committed",
        "offers applied",
        "profiles applied",
        "segments applied",
    ]
    assert proof.nemesis.sent_again > proof.workload.events


def test_every_receipted_event_is_in_the_log_exactly_once(proof: Proof) -> None:
    assert proof.clients.receipts.keys() >= proof.workload.whose.keys()
    flawless(proof.checker.receipts(proof.clients.receipts))


def test_all_tables_equal_the_fold_of_the_logs(proof: Proof) -> None:
    flawless(proof.checker.flaws())


def test_no_event_was_given_up(proof: Proof) -> None:
    for service in proof.suite.services:
        assert proof.observer.rows(service, "SELECT source, reason FROM dead_letters") == []


def test_every_guest_became_one_with_the_account_and_nobody_with_anybody_elses(
    proof: Proof,
) -> None:
    flawless(proof.checker.people(proof.workload.whose | proof.nemesis.whose))
    reasons = [event.data["reason"] for event in proof.checker.first_copies()]
    assert reasons.count("merged") >= proof.workload.journeys


def test_the_services_answer_what_the_fold_says(proof: Proof) -> None:
    some = random.Random(_SEED).sample(sorted(proof.checker.profiles), 25)
    for profile_id in some:
        response = proof.suite.call("profiles", "get", profile_id=profile_id)
        flawless(proof.checker.profile(profile_id, response))
        response = proof.suite.call("segments", "memberships", profile_id=profile_id)
        expected = proof.checker.memberships.get(profile_id, set())
        assert {membership["segment"] for membership in response["segments"]} == expected
