"""The service `segments`: its calls, the events that it follows, and its timer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from chassis.core.upcasting import Upcasters
from chassis.database.deletion import until_none_is_left
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.projections.inbox import Projection
from chassis.runtime.service import AtStart, FollowedLog, Resource, Service, every, rpc, subscribe
from chassis.validation import load
from chassis.validation.plain import MAX_CALL_BYTES
from contracts.common import STREAM_SETS_REQUEST
from contracts.event_types import EVENT_STEPS
from contracts.segments import (
    BACKTEST_REQUEST,
    EXPLAIN_REQUEST,
    FILE_REQUEST,
    MEMBERS_REQUEST,
    MEMBERSHIPS_REQUEST,
    RENAME_REQUEST,
    SEGMENT_REQUEST,
    TRANSLATE_REQUEST,
)
from contracts.stability import STABILITY_REQUEST
from contracts.value_model import VALUE_MODEL_RESPONSE, VALUES_REQUEST
from identifiers import accept, load_types
from identifiers.configuration import SHIPPED as IDENTITY_FILE
from profile_index import FORM_GAUGE, rebuild_note
from services.segments import commands, queries, store
from services.segments.configuration import SHIPPED, load_file, read_definition, read_file
from services.segments.domain.definitions import DefinitionFile
from services.segments.domain.value_model import to_plain
from services.segments.projections import MembershipProjection
from services.segments.registry import DefinitionRegistry
from services.segments.store import (
    EVALUATION_GAUGES,
    FILE_GAUGE,
    UNREADABLE_GAUGE,
    WATCH_GAUGE,
)
from services.segments.value_fitting import ValueFitting, current_model
from services.segments.value_settings import SHIPPED_VALUES, load_value_settings

_TICK_SECONDS = 0.5
_FIT_TICK_SECONDS = 30.0
_MEASURE_TICK_SECONDS = 30.0


class SegmentsService(Service):
    """Which groups is a shopper in, now?"""

    name = "segments"
    upcasters = Upcasters(EVENT_STEPS)
    gauges = (EVALUATION_GAUGES, FORM_GAUGE, FILE_GAUGE, UNREADABLE_GAUGE, WATCH_GAUGE)
    readiness_notes = (rebuild_note,)
    configuration = (IDENTITY_FILE, SHIPPED, SHIPPED_VALUES)

    projection: MembershipProjection = Resource(
        lambda settings: MembershipProjection(
            DefinitionRegistry(load_value_settings(settings.config_dir).zone)
        )
    )
    definitions_file: DefinitionFile = Resource(lambda settings: load_file(settings.config_dir))
    file_in_force = AtStart(
        lambda settings, work: commands.start(work, load_file(settings.config_dir))
    )
    types = Resource(lambda settings: load_types(settings.config_dir))
    due: commands.DueEvaluation = Resource(lambda _settings: commands.DueEvaluation())
    value_fitting: ValueFitting = Resource(
        lambda settings: ValueFitting(load_value_settings(settings.config_dir))
    )
    profiles_log = FollowedLog("profiles")

    @property
    def registry(self) -> DefinitionRegistry:
        """The definitions in force, which the projection evaluates too."""
        return self.projection.registry

    @rpc
    def memberships(
        self,
        profile_id: Any = None,
        identifiers: Any = None,
        at_least: Any = None,
        wait_ms: Any = None,
    ) -> dict[str, Any]:
        """The segments that a shopper is in now: see `contracts.segments.MembershipsRequest`."""
        request = load(
            MEMBERSHIPS_REQUEST,
            {
                "profile_id": profile_id,
                "identifiers": identifiers,
                "at_least": at_least,
                "wait_ms": wait_ms,
            },
        )
        stale = not self.profiles_log.catch_up(
            request.get("at_least", {}), self.profile_events(), request.get("wait_ms", 0) / 1_000
        )
        shopper = request.get("profile_id") or accept(
            request["identifiers"], self.types, self.settings.identifier_key
        )

        def respond(unit: UnitOfWork) -> dict[str, Any]:
            current = commands.reevaluate_shopper(unit, self.registry, shopper)
            return queries.memberships(unit, self.registry.current(unit), current, stale)

        return self.work.run(respond)

    @rpc
    def list(self) -> Sequence[dict[str, Any]]:
        """Every segment: its rule, version, number of members and status."""

        def respond(unit: UnitOfWork) -> Sequence[dict[str, Any]]:
            return queries.list_segments(unit, self.registry.current(unit))

        return self.work.read(respond)

    @rpc
    def standstills(self) -> dict[str, Any]:
        """The segments that nobody enters or leaves, as a process cannot read their rules."""

        def respond(unit: UnitOfWork) -> dict[str, Any]:
            return queries.list_standstills(unit, self.registry.current(unit))

        return self.work.read(respond)

    @rpc
    def define(self, definition: Any) -> dict[str, Any]:
        """Put {segment, rule, description} in force, as a new version if it says anything new."""
        wanted = read_definition(definition)

        def respond(unit: UnitOfWork) -> dict[str, Any]:
            commands.define(unit, wanted)
            return self._show(unit, wanted.segment)

        return self.work.run(respond)

    @rpc
    def check(self, file: Any = None) -> dict[str, Any]:
        """What a segments.yaml would change, by default that of this process."""
        wanted = self._file(file)
        return self.work.read(lambda unit: queries.compare_file(unit, wanted, self.registry.zone))

    @rpc
    def apply(self, file: Any = None) -> dict[str, Any]:
        """Put a segments.yaml in force, by default that of this process."""
        wanted = self._file(file)

        def respond(unit: UnitOfWork) -> dict[str, Any]:
            response = queries.compare_file(unit, wanted, self.registry.zone)
            commands.apply(unit, wanted)
            return response

        return self.work.run(respond)

    @rpc
    def export(self) -> dict[str, Any]:
        """The segments in force, as the text of a segments.yaml."""
        return self.work.read(lambda unit: queries.export(unit, self.registry.current(unit)))

    @rpc
    def rename(self, segment: Any, name: Any) -> dict[str, Any]:
        """Give a segment another name."""
        request = load(RENAME_REQUEST, {"segment": segment, "name": name})

        def respond(unit: UnitOfWork) -> dict[str, Any]:
            commands.rename(unit, request["segment"], request["name"])
            return self._show(unit, request["name"])

        return self.work.run(respond)

    @rpc
    def delete(self, segment: Any) -> dict[str, Any]:
        """End a segment."""
        name = load(SEGMENT_REQUEST, {"segment": segment})["segment"]

        def respond(unit: UnitOfWork) -> dict[str, Any]:
            commands.delete(unit, name)
            return queries.count_leaving(unit, name)

        return self.work.run(respond)

    @rpc
    def describe(self, segment: Any) -> dict[str, Any]:
        """One segment, as it is listed."""
        name = load(SEGMENT_REQUEST, {"segment": segment})["segment"]
        return self.work.read(lambda unit: self._show(unit, name))

    @rpc
    def members(self, segment: Any, after: Any = None, limit: Any = None) -> dict[str, Any]:
        """A page of a segment's members."""
        request = load(MEMBERS_REQUEST, {"segment": segment, "after": after, "limit": limit})
        return self.work.read(
            lambda unit: queries.members(unit, self.registry.current(unit), request)
        )

    @rpc
    def stability(self, segment: Any = None, weeks: Any = None) -> dict[str, Any]:
        """How segments move from week to week: see `contracts.stability`."""
        request = load(STABILITY_REQUEST, {"segment": segment, "weeks": weeks})
        return queries.stability(self.work, self.registry, request)

    @rpc
    def warnings(self) -> dict[str, Any]:
        """What looks wrong about the members of each segment, and what to do."""
        return queries.warnings(self.work, self.registry)

    def _show(self, unit: UnitOfWork, segment: str) -> dict[str, Any]:
        registry = self.registry
        return queries.show_segment(unit, registry.current(unit), segment, registry.zone)

    def _file(self, text: Any) -> DefinitionFile:
        request = load(FILE_REQUEST, {"file": text}, max_bytes=MAX_CALL_BYTES)
        if "file" not in request:
            return self.definitions_file
        return read_file(request["file"].encode(), "file", is_shipped=False)

    @rpc
    def preview(self, rule: Any) -> dict[str, Any]:
        """Who would be a member by a rule: their number, and some of them."""
        return queries.preview(self.work, rule, self.registry.zone)

    @rpc
    def translate(self, rule: Any = None, form: Any = None) -> dict[str, Any]:
        """A rule as text and as JSON, and what it means."""
        request = load(TRANSLATE_REQUEST, {"rule": rule, "form": form})
        return queries.translate(request, self.registry.zone)

    @rpc
    def backtest(
        self,
        rule: Any = None,
        segment: Any = None,
        since: Any = None,
        step: Any = None,
        until: Any = None,
        first: Any = None,
    ) -> dict[str, Any]:
        """Who would have been a member by a rule: see `contracts.segments.BacktestRequest`."""
        arguments = {
            "rule": rule,
            "segment": segment,
            "since": since,
            "step": step,
            "until": until,
            "first": first,
        }
        return queries.backtest(self.work, self.registry, load(BACKTEST_REQUEST, arguments))

    @rpc
    def preview_streams(self, stream_sets: Any) -> Sequence[Sequence[str]]:
        """The segments that a profile of each set of streams would be in now."""
        request = load(STREAM_SETS_REQUEST, {"stream_sets": stream_sets}, max_bytes=MAX_CALL_BYTES)

        def respond(unit: UnitOfWork) -> Sequence[Sequence[str]]:
            definitions = self.registry.current(unit)
            return queries.preview_streams(unit, definitions, request["stream_sets"])

        return self.work.read(respond)

    @rpc
    def explain(self, profile_id: Any, segment: Any) -> dict[str, Any]:
        """Why a shopper is in a segment, or is not."""
        request = load(EXPLAIN_REQUEST, {"profile_id": profile_id, "segment": segment})

        def respond(unit: UnitOfWork) -> dict[str, Any]:
            current = commands.reevaluate_shopper(unit, self.registry, request["profile_id"])
            definitions = self.registry.current(unit)
            return queries.explain(unit, definitions, current, request["segment"])

        return self.work.run(respond)

    @rpc
    def value_model(self) -> dict[str, Any]:
        """The model of customer lifetime value that is in force, null before the first fit."""

        def respond(unit: UnitOfWork) -> dict[str, Any]:
            model = current_model(unit)
            plain = None if model is None else to_plain(model)
            response: dict[str, Any] = VALUE_MODEL_RESPONSE.dump({"model": plain})
            return response

        return self.work.read(respond)

    @rpc
    def values(self, profile_id: Any) -> dict[str, Any]:
        """What a customer is expected to buy and to spend, by the model in force."""
        request = load(VALUES_REQUEST, {"profile_id": profile_id})

        def respond(unit: UnitOfWork) -> dict[str, Any]:
            model = current_model(unit)
            return queries.values(unit, model, request["profile_id"])

        return self.work.read(respond)

    @subscribe("profiles")
    def profile_events(self) -> Projection:
        """Follows what shoppers do and who they are."""
        return self.projection

    @every(_TICK_SECONDS)
    def settle_due(self) -> None:
        """Evaluates the profiles that time or a new definition may have changed."""
        self.due.run(self.work, self.registry, _TICK_SECONDS)

    @every(_FIT_TICK_SECONDS)
    def fit_due(self) -> None:
        """Fits the model of customer lifetime value when it is time."""
        self.value_fitting.run_due(self.work, self.registry)

    @every(_MEASURE_TICK_SECONDS)
    def measure_due(self) -> None:
        """Measures the segments when it is time."""
        commands.measure_due(self.work, self.registry)

    @every(3600)
    def forget_stays(self) -> None:
        """Delete the stays that nobody can ask for any more, some at a time."""
        until_none_is_left(partial(self.work.run, store.forget_stays))
