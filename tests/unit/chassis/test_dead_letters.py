from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chassis import NotFound
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.projections.dead_letters import list_dead_letters, load_dead_letter, redrive
from chassis.projections.inbox import Inbox
from tests.support.toy import work_on


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
