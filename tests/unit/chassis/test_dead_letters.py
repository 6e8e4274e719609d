from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chassis import InvalidInput, NotFound
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.projections.dead_letters import (
    Redriven,
    list_dead_letters,
    load_dead_letter,
    newest_dead_letter,
    redrive,
    redrive_page,
)
from chassis.projections.inbox import Inbox
from chassis.projections.outage import WINDOW
from tests.support.toy import Notes, append, joint_note, note, work_on


@pytest.fixture
def work(toy_file: Database) -> UnitOfWorkRunner:
    return work_on(toy_file)


def letters(
    work: UnitOfWorkRunner, limit: int = 10, redriven: bool = False
) -> list[dict[str, Any]]:
    return work.read(lambda unit: list_dead_letters(unit, limit, include_redriven=redriven))


def test_the_newest_letter_comes_first(work: UnitOfWorkRunner) -> None:
    ids = [Inbox(work, "notes").dead_letter(f"reason {n}") for n in range(4)]
    assert [letter["id"] for letter in letters(work)] == ids[::-1]
    assert [letter["reason"] for letter in letters(work, limit=2)] == ["reason 3", "reason 2"]


def test_what_was_driven_again_is_listed_on_demand(work: UnitOfWorkRunner) -> None:
    first, second = (Inbox(work, "notes").dead_letter("x") for _ in range(2))
    work.run(lambda unit: redrive(unit, first))
    assert [letter["id"] for letter in letters(work)] == [second]
    assert [letter["id"] for letter in letters(work, redriven=True)] == [second, first]


def test_driving_again_twice_is_driving_again_once(work: UnitOfWorkRunner) -> None:
    letter = Inbox(work, "notes").dead_letter("x")
    once = work.run(lambda unit: redrive(unit, letter))
    work.clock.at += 1  # type: ignore[attr-defined]
    assert work.run(lambda unit: redrive(unit, letter)) == once
    assert work.read(lambda unit: load_dead_letter(unit, letter)) == once


def test_a_letter_that_is_not_there_is_not_found(work: UnitOfWorkRunner) -> None:
    for function in (load_dead_letter, redrive):
        with pytest.raises(NotFound, match="no-such-letter"):
            work.run(partial(function, letter="no-such-letter"))


def test_the_reason_of_a_redrive_is_kept_and_the_first_one_stays(work: UnitOfWorkRunner) -> None:
    letter = Inbox(work, "notes").dead_letter("x")
    for reason in ("release 7", "another"):
        assert work.run(lambda unit: redrive(unit, letter, reason))["redrive_reason"] == "release 7"  # noqa: B023


def halt(work: UnitOfWorkRunner, *drafts: Any) -> None:
    """Halt the streams of these events, a minute apart: alike, they would be an outage."""

    def refuse(event: Any) -> None:
        raise InvalidInput(event.id, "is refused")

    for event in append(work, *drafts):
        work.clock.at += WINDOW  # type: ignore[attr-defined]
        Inbox(work, event.source).process([event], Notes(refuse))


def test_all_letters_are_redriven_page_by_page_and_never_twice(work: UnitOfWorkRunner) -> None:
    halt(work, *(note(f"s{n}") for n in range(4)), joint_note(["a", "b"]))
    until = work.read(newest_dead_letter)
    halt(work, note("later"))
    after = ""
    pages: list[Redriven] = []
    while not pages or pages[-1].remaining:
        page = work.run(
            lambda unit: redrive_page(unit, "fixed", 2, after=after, until=until)  # noqa: B023
        )
        pages.append(page)
        after = page.last
    assert [(p.letters, p.streams, p.remaining) for p in pages] == [(2, 2, 3), (2, 2, 1), (1, 2, 0)]
    again = work.run(lambda unit: redrive_page(unit, "fixed", 2, until=until))
    assert (again.letters, again.streams, again.remaining, again.last) == (0, 0, 0, "")
    (left,) = letters(work)
    assert left["streams"] == ["later"]
    reasons = {letter.get("redrive_reason") for letter in letters(work, redriven=True)}
    assert reasons == {"fixed", None}


def test_letters_of_one_source_and_one_type_are_redriven_alone(work: UnitOfWorkRunner) -> None:
    halt(work, note("a"), note("b", type="other"))
    Inbox(work, "elsewhere").dead_letter("undecodable")
    of_other = work.run(lambda unit: redrive_page(unit, "x", 9, source="notes", type="other"))
    assert (of_other.letters, of_other.streams) == (1, 1)
    of_elsewhere = work.run(lambda unit: redrive_page(unit, "x", 9, source="elsewhere"))
    assert (of_elsewhere.letters, of_elsewhere.streams) == (1, 0), "it halted no stream"
    assert [letter["streams"] for letter in letters(work)] == [["a"]]


def test_without_letters_there_is_nothing_to_redrive(work: UnitOfWorkRunner) -> None:
    assert work.read(newest_dead_letter) == ""
    assert work.run(lambda unit: redrive_page(unit, "x", 9)).letters == 0
