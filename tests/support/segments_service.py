"""Segments and the log of profiles without nameko, on both databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from chassis import Draft, Event, FixedClock, JointDraft, new_id, parse_instant
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.inbox import Inbox
from chassis.validation import load
from contracts.segments import (
    EXPLAIN_RESPONSE,
    MEMBERSHIP_CHANGED,
    MEMBERSHIPS_RESPONSE,
    MEMBERSHIPS_SETTLED,
    SEGMENT,
)
from contracts.value_model import VALUE_MODEL_FITTED
from services.segments import commands, queries, store
from services.segments.configuration import read_definition, read_file
from services.segments.domain.definitions import DefinitionFile
from services.segments.domain.value_model import VersionedModel, to_plain
from services.segments.evaluator import reevaluate_due
from services.segments.projections import MembershipProjection
from services.segments.registry import DefinitionRegistry

NOW = parse_instant("2026-11-21T19:30:00Z")


def shop_file(text: str) -> DefinitionFile:
    """A segments.yaml of the shop's own."""
    return read_file(text.encode(), is_shipped=False)


FEW = read_file((Path(__file__).parent / "few_segments.yaml").read_bytes(), is_shipped=True)
"""Few segments, as if a release shipped them."""


class ProfilesLog:
    """The log of profiles, whose published events are kept for the test to deliver."""

    def __init__(self, database: Database) -> None:
        self.events: list[Event] = []
        self._epochs: dict[str, int] = {}
        self.clock = FixedClock(NOW)
        self._work = UnitOfWorkRunner(database, "profiles", self.clock, self)

    def publish(self, row_id: str, events: Sequence[Event]) -> None:
        self.events += events

    def append(self, stream: str, kind: str, data: Any, at: int = NOW, **metadata: Any) -> Event:
        draft = Draft(new_id(), stream, kind, data, at, metadata=metadata)
        return self._work.run(lambda unit: unit.append([draft]))[0].event

    def move(self, reason: str = "created", **profiles: str) -> None:
        """Put each stream into a profile."""
        self._change_identity(reason, profiles, [])

    def prove(self, stream: str, profile: str) -> None:
        """Let an account sign in to a stream of a profile."""
        proof = {"key": f"account of {stream}", "tenure": 1, "assurance": "verified"}
        self._change_identity("linked", {stream: profile}, [proof])

    def _change_identity(
        self, reason: str, profiles: Mapping[str, str], identifiers: Sequence[Mapping[str, Any]]
    ) -> None:
        for stream in profiles:
            self._epochs[stream] = self._epochs.get(stream, 0) + 1
        entries = {
            stream: {
                "profile_id": profile,
                "epoch": self._epochs[stream],
                "identifiers": identifiers,
            }
            for stream, profile in profiles.items()
        }
        self.append_joint("identity_changed", entries, {"reason": reason})

    def append_joint(
        self, kind: str, entries: Mapping[str, Any], shared: Mapping[str, Any], at: int = NOW
    ) -> None:
        """Record a joint fact in each stream of `entries`."""
        draft = JointDraft(new_id(), kind, entries, shared, at)
        self._work.run(lambda unit: unit.append([draft]))

    def order(self, stream: str, number: int = 1, cents: int = 5_000, at: int = NOW) -> Event:
        order_id = f"{stream}-{number}"
        data = {"order_id": order_id, "revenue": cents, "currency": "USD", "products": []}
        return self.append(stream, "order_completed", data, at)

    def cart(self, stream: str, at: int = NOW) -> Event:
        products = [{"sku": "a", "quantity": 1}]
        return self.append(stream, "cart_updated", {"products": products}, at)


class SegmentsWithoutNameko:
    """The service without nameko."""

    def __init__(self, database: Database, file: DefinitionFile | None = None) -> None:
        self.published: list[Event] = []
        self.settled: list[Event] = []
        self.clock = FixedClock(NOW)
        self.projection = MembershipProjection(DefinitionRegistry())
        self.work = UnitOfWorkRunner(database, "segments", self.clock, self)
        self.file = file or FEW
        self.started = self.work.run(partial(commands.start_with, file=self.file))
        self.inbox = Inbox(self.work, "profiles")
        self.seconds = 0.0
        self.due = commands.DueEvaluation(lambda: self.seconds)

    @property
    def registry(self) -> DefinitionRegistry:
        return self.projection.registry

    def publish(self, row_id: str, events: Sequence[Event]) -> None:
        for event in events:
            if event.type in ("value_model_fitted", "segment_drifted"):
                continue
            is_set = event.type == "memberships_settled"
            load(MEMBERSHIPS_SETTLED if is_set else MEMBERSHIP_CHANGED, event.data)
            (self.settled if is_set else self.published).append(event)

    def follow(self, *events: Event) -> None:
        self.inbox.process(events, self.projection)

    def tick(self, limit: int = 100) -> int:
        return self.work.run(partial(reevaluate_due, registry=self.registry, limit=limit))

    def reevaluate(self, seconds: float = 60.0) -> None:
        """A turn, five seconds after the last one."""
        self.seconds += 5
        self.due.run(self.work, self.registry, seconds)

    def failing(self) -> dict[str, int]:
        """How often the evaluation of each profile has failed."""
        query = sa.select(store.FAILING)
        rows = self.work.read(lambda unit: unit.connection.execute(query).all())
        return {row.profile_id: row.failures for row in rows}

    def gauge(self) -> float:
        """The gauge of the profiles whose evaluation fails."""
        ((_name, _labels, value),) = self.work.read(store.EVALUATION_GAUGES.measure)
        return value

    def rows(self, query: sa.Select[Any]) -> Sequence[Any]:
        return self.work.read(lambda unit: unit.connection.execute(query).all())

    def of(self, profile_id: str) -> set[str]:
        response = self.memberships(profile_id)
        return {member["segment"] for member in response["segments"]}

    def memberships(self, shopper: Any) -> dict[str, Any]:
        def respond(unit: UnitOfWork) -> dict[str, Any]:
            profile_id = commands.reevaluate_shopper(unit, self.registry, shopper)
            definitions = self.registry.current(unit)
            return queries.memberships(unit, definitions, profile_id, stale=False)

        response = self.work.run(respond)
        load(MEMBERSHIPS_RESPONSE, response)
        return response

    def by_name(self) -> Mapping[str, dict[str, Any]]:
        def respond(unit: UnitOfWork) -> list[dict[str, Any]]:
            return queries.list_segments(unit, self.registry.current(unit))

        listed = self.work.read(respond)
        for one in listed:
            load(SEGMENT, one)
        return {one["segment"]: one for one in listed}

    def define(self, segment: str, rule: str, description: str = "x") -> dict[str, Any]:
        definition = read_definition({"segment": segment, "rule": rule, "description": description})

        def respond(unit: UnitOfWork) -> dict[str, Any]:
            commands.define(unit, definition)
            return queries.show_segment(unit, self.registry.current(unit), segment)

        return self.work.run(respond)

    def put_model(self, model: VersionedModel) -> None:
        """Put a model of customer lifetime value in force, as fitting it would."""
        plain = VALUE_MODEL_FITTED.dump(to_plain(model))
        key = store.ValueModelKey(model.version, new_id())
        self.work.run(lambda unit: store.add_value_model(unit, key, plain))

    def explain(self, profile_id: str, segment: str) -> dict[str, Any]:
        def respond(unit: UnitOfWork) -> dict[str, Any]:
            current = commands.reevaluate_shopper(unit, self.registry, profile_id)
            return queries.explain(unit, self.registry.current(unit), current, segment)

        response = self.work.run(respond)
        load(EXPLAIN_RESPONSE, response)
        return response

    def changes(self) -> list[tuple[str, str, str, str]]:
        """What was published since the last time: (profile, entered or exited, segment, reason)."""
        changes = [
            (e.stream, e.type.removeprefix("segment_"), e.data["segment"], e.data["reason"])
            for e in self.published
        ]
        self.published.clear()
        return changes
