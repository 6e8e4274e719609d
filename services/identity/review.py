"""The review list: what nobody but a person can decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from chassis import Event, NotFound, format_instant, new_id
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.identity import store
from services.identity.domain.observation import Observation
from services.identity.domain.plan import FULL, MERGED_TOO_OFTEN, TOO_MANY
from services.identity.domain.resolution import Resolution, ResolutionResult

REFUSED, AT_A_LIMIT, SHARED = "merge_refused", "at_a_limit", "shared_device"
MANY_ACCOUNTS = 3
_LIMITS = (FULL, TOO_MANY, MERGED_TOO_OFTEN)
_MOST_REMEMBERED = 100_000

Subject = tuple[str, str, str, str]  # kind, subject, about, reason


class Reviewer:
    """Puts on the list what a batch has shown; the same thing once in a process' memory.

    It does so after the batch: what a crash keeps from the list comes there with the next event.
    """

    def __init__(self) -> None:
        self._noted: set[Subject] = set()

    def note(
        self,
        work: UnitOfWorkRunner,
        observed: Sequence[Observation],
        answers: Sequence[ResolutionResult],
        facts: Sequence[Event],
    ) -> None:
        """Note refused merges, profiles at a limit and devices that accounts share."""
        shown = refusals(observed, answers)
        new = {subject: event for subject, event in shown.items() if subject not in self._noted}
        devices = _handed_over(facts)
        if not new and not devices:
            return
        new |= work.run(partial(_note, shown=new, devices=devices))
        if len(self._noted) > _MOST_REMEMBERED:
            self._noted.clear()
        self._noted |= new.keys()


def refusals(
    observed: Iterable[Observation], answers: Iterable[ResolutionResult]
) -> dict[Subject, str]:
    """What was refused in a batch, and the first event that was."""
    shown: dict[Subject, str] = {}
    for observation, answer in zip(observed, answers, strict=True):
        if not answer.ignored or not isinstance(answer, Resolution):
            continue
        keys = {identifier.type.name: identifier.key for identifier in observation.identifiers}
        for ignored in answer.ignored:
            if ignored.reason.startswith(REFUSED) and ignored.type in keys:
                kind = AT_A_LIMIT if ignored.reason in _LIMITS else REFUSED
                reason = ignored.reason.removeprefix(f"{REFUSED}: ")
                about = ignored.type if kind == AT_A_LIMIT else keys[ignored.type]
                subject = kind, answer.profile, about, reason
                shown.setdefault(subject, observation.event_id)
    return shown


def show(
    unit: UnitOfWork, limit: int = 100, kind: str | None = None, done: str | None = None
) -> list[dict[str, Any]]:
    """The open entries, the newest first, without the one that is `done`."""
    if done is not None and not store.close_review(unit.connection, done, unit.now):
        raise NotFound("done", "is no entry of the review list")
    entries = store.list_reviews(unit.connection, kind, limit)
    subjects = {entry["subject"] for entry in entries if entry["kind"] != SHARED}
    current = store.current_profiles(unit.connection, subjects)
    return [
        {
            **{name: entry[name] for name in ("id", "kind", "about", "reason", "event_id")},
            "subject": current.get(entry["subject"], entry["subject"]),
            "first_at": format_instant(entry["first_at"]),
            "last_at": format_instant(entry["last_at"]),
        }
        for entry in entries
    ]


def _handed_over(facts: Iterable[Event]) -> dict[str, str]:
    """The devices on which a further tenure began, and the event that showed it."""
    return {
        identifier["key"]: str(fact.metadata.get("causation_id", ""))
        for fact in facts
        for entry in fact.data["streams"]
        for identifier in entry["identifiers"]
        if identifier["tenure"] > 1 and identifier["assurance"] == "device"
    }


def _note(
    unit: UnitOfWork, shown: dict[Subject, str], devices: dict[str, str]
) -> dict[Subject, str]:
    shared: dict[Subject, str] = {}
    if devices:
        for key, accounts in store.accounts_on(unit.connection, devices).items():
            if accounts >= MANY_ACCOUNTS:
                reason = "several accounts have been signed in on it"
                shared[SHARED, key, key.partition(":")[0], reason] = devices[key]
    rows = [
        {
            "id": new_id(),
            "kind": kind,
            "subject": subject,
            "about": about,
            "reason": reason,
            "event_id": event_id,
            "first_at": unit.now,
            "last_at": unit.now,
        }
        for (kind, subject, about, reason), event_id in sorted((shown | shared).items())
    ]
    if rows:
        store.note_reviews(unit.connection, rows)
    return shared
