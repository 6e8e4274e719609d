"""Nothing lost, nothing twice: two processes of each service, killed in turn under traffic."""

import logging
import random
from dataclasses import dataclass

import pytest

from tests.proofs.checker import Checker
from tests.proofs.clients import Clients
from tests.proofs.nemesis import Nemesis
from tests.proofs.observer import SuiteObserver
from tests.proofs.workload import NOW, Workload, make_workload
from tests.support.system import ProcessSuite

pytestmark = pytest.mark.timeout(1_800)  # one fixture has it all; its own waits are shorter
logger = logging.getLogger(__name__)

_SEED = 20
_NOW = int(NOW.timestamp()) * 1_000_000


@dataclass(frozen=True, slots=True)
class Proof:
    """What was sent to a suite and came of it, when all is quiet again."""

    suite: ProcessSuite
    traffic: Workload
    course: Nemesis
    senders: Clients
    books: SuiteObserver
    judgement: Checker


@pytest.fixture(scope="module")
def proof(databases, virtual_hosts, size, tmp_path_factory):
    """A suite that has been through all of it and has come to rest, and what was said to it."""
    environment = {"CDP_CLOCK": NOW.isoformat(), "CDP_RECONCILE_SECONDS": "5"}
    traffic = make_workload(size(80, 500), _SEED)
    with ProcessSuite(
        databases,
        virtual_hosts,
        replicas=2,
        environment=environment,
        directory=tmp_path_factory.mktemp("suite"),
    ) as suite:
        course = Nemesis(suite, _SEED)
        with Clients(suite.client_uri, traffic.strands, course.pace) as senders:
            course.run(senders)
            senders.finish()
        books = SuiteObserver(suite)
        seconds = books.wait_until_quiet()
        logger.info(
            "%d events in %d calls, %d of them tried again; %d messages again; quiet after %.1f s",
            len(senders.receipts),
            senders.calls,
            senders.tries - senders.calls,
            course.sent_again,
            seconds,
        )
        yield Proof(suite, traffic, course, senders, books, Checker(books, _NOW))
        books.close()


def flawless(lines):
    assert not lines, "\n".join(["", *lines])


def test_every_process_was_killed_and_died_at_each_place_that_matters(proof):
    assert proof.course.killed == [f"{name}-{n}" for n in (0, 1) for name in proof.suite.services]
    assert proof.course.deaths == [
        "identity committed",
        "profiles resolved",
        "profiles committed",
        "segments committed",
        "offers applied",
        "profiles applied",
        "segments applied",
    ]
    assert proof.course.sent_again > proof.traffic.events


def test_every_receipted_event_is_in_the_log_exactly_once(proof):
    assert proof.senders.receipts.keys() >= proof.traffic.whose.keys()
    flawless(proof.judgement.receipts(proof.senders.receipts))


def test_all_tables_equal_the_fold_of_the_logs(proof):
    flawless(proof.judgement.flaws())


def test_no_event_was_given_up(proof):
    for service in proof.suite.services:
        assert proof.books.rows(service, "SELECT source, reason FROM dead_letters") == []


def test_every_guest_became_one_with_the_account_and_nobody_with_anybody_elses(proof):
    flawless(proof.judgement.people(proof.traffic.whose | proof.course.whose))
    reasons = [event.data["reason"] for event in proof.judgement.first_copies()]
    assert reasons.count("merged") >= proof.traffic.stories


def test_the_services_answer_what_the_fold_says(proof):
    some = random.Random(_SEED).sample(sorted(proof.judgement.profiles), 25)
    for profile_id in some:
        answer = proof.suite.call("profiles", "get", profile_id=profile_id)
        flawless(proof.judgement.profile(profile_id, answer))
        answer = proof.suite.call("segments", "memberships", profile_id=profile_id)
        expected = proof.judgement.memberships.get(profile_id, set())
        assert {held["segment"] for held in answer["segments"]} == expected
