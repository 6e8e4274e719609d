"""Nothing lost, nothing twice: two processes of each service, killed in turn under traffic."""

import logging
import random
from dataclasses import dataclass

import pytest

from tests.proofs.books import Books
from tests.proofs.course import Course
from tests.proofs.judgement import Judgement
from tests.proofs.senders import Senders
from tests.proofs.traffic import NOW, Traffic, make_traffic
from tests.system import Suite

pytestmark = pytest.mark.timeout(1_800)  # one fixture has it all; its own waits are shorter
logger = logging.getLogger(__name__)

_SEED = 20
_NOW = int(NOW.timestamp()) * 1_000_000


@dataclass(frozen=True, slots=True)
class Proof:
    """What was sent to a suite and came of it, when all is quiet again."""

    suite: Suite
    traffic: Traffic
    course: Course
    senders: Senders
    books: Books
    judgement: Judgement


@pytest.fixture(scope="module")
def proof(databases, virtual_hosts, size, tmp_path_factory):
    """A suite that has been through all of it and has come to rest, and what was said to it."""
    environment = {"CDP_CLOCK": NOW.isoformat(), "CDP_RECONCILE_SECONDS": "5"}
    traffic = make_traffic(size(80, 500), _SEED)
    with Suite(
        databases,
        virtual_hosts,
        replicas=2,
        environment=environment,
        directory=tmp_path_factory.mktemp("suite"),
    ) as suite:
        course = Course(suite, _SEED)
        with Senders(suite.client_uri, traffic.strands, course.pace) as senders:
            course.run(senders)
            senders.finish()
        books = Books(suite)
        seconds = books.wait_until_quiet()
        logger.info(
            "%d events in %d calls, %d of them tried again; %d messages again; quiet after %.1f s",
            len(senders.receipts),
            senders.calls,
            senders.tries - senders.calls,
            course.sent_again,
            seconds,
        )
        yield Proof(suite, traffic, course, senders, books, Judgement(books, _NOW))
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
