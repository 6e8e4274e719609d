"""Who is in which segment and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any, TypeVar

from chassis import NotFound
from chassis.core.applied_files import file_standing
from chassis.eventlog.unit_of_work import UnitOfWork
from contracts.segments import (
    DELETE_RESPONSE,
    EXPLAIN_RESPONSE,
    EXPORT_RESPONSE,
    FILE_RESPONSE,
    MAX_MEMBERS,
    MEMBERS_RESPONSE,
    MEMBERSHIPS_RESPONSE,
    SEGMENT,
)
from contracts.value_model import VALUES_RESPONSE
from profile_index import current_profile, streams_of
from rules import Summary
from services.segments import store
from services.segments.configuration import write_definitions
from services.segments.domain.definitions import (
    ActiveDefinitions,
    DefinitionFile,
    DefinitionVersion,
    change_by,
    check_references,
    not_defined,
)
from services.segments.domain.evaluation import (
    UNEVALUATED,
    EvaluationState,
    evaluate,
    stored_verdicts,
)
from services.segments.domain.memberships import Membership
from services.segments.domain.stability import setting_changes
from services.segments.domain.value_model import VersionedModel, give_values, show_values
from services.segments.queries.rule_warnings import load_adviser
from services.segments.queries.stability import sensitive_warnings
from services.segments.queries.standstill import (
    as_written,
    explain_standstill,
    standstill_of,
    standstills,
)
from services.segments.value_fitting import current_model

T = TypeVar("T")


def memberships(
    unit: UnitOfWork, definitions: ActiveDefinitions, profile_id: str, stale: bool
) -> dict[str, Any]:
    """The segments of a profile that has just been evaluated, each with its version."""
    versions, state, members = _of_one_moment(
        unit, profile_id, lambda: store.load_memberships(unit, [profile_id])[profile_id]
    )
    still = sorted(standstills(unit, definitions).items())
    response: dict[str, Any] = MEMBERSHIPS_RESPONSE.dump(
        {
            "profile_id": profile_id,
            "segments": [
                {
                    "segment": segment,
                    "since": membership.since,
                    "version": version_of(definitions, segment, state, membership),
                }
                for segment, membership in sorted(members.items())
            ],
            "versions": versions,
            "stale": stale,
            "as_of": max(unit.now, state.watermark),
            **({"unreadable": [{"segment": s, **each} for s, each in still]} if still else {}),
        }
    )
    return response


def _of_one_moment(
    unit: UnitOfWork, profile_id: str, read: Callable[[], T]
) -> tuple[Mapping[str, int], EvaluationState, T]:
    """What has been applied to a profile, how it was evaluated, and what `read` finds of it then.

    Each statement sees what is committed by then, and whoever is not due is not locked: what has
    moved meanwhile is read again.
    """

    def progress() -> tuple[Mapping[str, int], EvaluationState]:
        streams = streams_of(unit, [profile_id])[profile_id]
        state = store.load_evaluation_state(unit, profile_id) or UNEVALUATED
        return store.applied_versions(unit, streams), state

    before = progress()
    while True:
        found = read()
        after = progress()
        if after == before:
            return *before, found
        before = after


def version_of(
    definitions: ActiveDefinitions, segment: str, state: EvaluationState, membership: Membership
) -> int:
    """The version of a segment by which a member was evaluated last."""
    if segment in definitions.unreadable:
        return membership.definition_version
    version = definitions.version_at(segment, state.generation)
    return membership.definition_version if version is None else version


def list_segments(unit: UnitOfWork, definitions: ActiveDefinitions) -> list[dict[str, Any]]:
    """Every segment in force, by name."""
    oldest = store.oldest_generation(unit, with_failing=True)
    still = standstills(unit, definitions)
    listed: list[dict[str, Any]] = []
    for segment, version in definitions.versions.items():
        is_live = version.has_evaluated_all(oldest)
        progress = {"status": "live"} if is_live else _progress(unit, version)
        warnings = list(version.definition.rule.warnings)
        if segment in still:
            progress = _unreadable(still[segment])
        listed.append({"segment": segment, **_described(version), **progress, "warnings": warnings})
    for segment, unreadable in definitions.unreadable.items():
        described = {**as_written(unreadable), **_unreadable(still[segment])}
        listed.append({"segment": segment, **described, "warnings": []})
    # After the status: a segment that is live here has all its members.
    members = store.count_members(unit)
    return [
        SEGMENT.dump({**one, "members": members.get(one["segment"], 0)})
        for one in sorted(listed, key=lambda one: str(one["segment"]))
    ]


def show_segment(
    unit: UnitOfWork, definitions: ActiveDefinitions, segment: str, zone: tzinfo = UTC
) -> dict[str, Any]:
    """One segment in force, as it is listed, with what its rule asks for in vain.

    NotFound if there is none of that name.
    """
    for one in list_segments(unit, definitions):
        if one["segment"] == segment:
            if segment in definitions.unreadable:
                return one
            return {**one, "warnings": load_adviser(unit, zone).warnings(one["rule"])}
    raise not_defined(definitions, segment)


def compare_file(unit: UnitOfWork, file: DefinitionFile, zone: tzinfo = UTC) -> dict[str, Any]:
    """What an explicit step would change by `file`, and how it stands to those applied.

    InvalidInput if that step would refuse it.
    """
    standing = store.standing_definitions(unit)
    check_references(file.definitions, standing)
    adviser = load_adviser(unit, zone)
    changes = [
        {
            "segment": definition.segment,
            "change": change_by(definition, standing.get(definition.segment)).value,
            "warnings": [
                *adviser.warnings(definition.rule.text),
                *sensitive_warnings(definition, file.watch.sensitive),
            ],
        }
        for definition in file.definitions
    ]
    mentioned = {definition.segment for definition in file.definitions}
    changes += [
        {"segment": one.segment, "change": "missing", "warnings": []}
        for one in standing.values()
        if not one.is_end and one.segment not in mentioned
    ]
    response: dict[str, Any] = FILE_RESPONSE.dump(
        {
            "sha256": file.sha256,
            "file": file_standing(file.applied, store.applied_files(unit)).value,
            "segments": changes,
            "settings": [
                {"setting": name, "before": before, "after": after}
                for name, before, after in setting_changes(store.watch_settings(unit), file.watch)
            ],
        }
    )
    return response


def export(unit: UnitOfWork, definitions: ActiveDefinitions) -> dict[str, Any]:
    """The segments in force as a segments.yaml, also those that this release cannot read."""
    texts = {
        **{
            s: (v.definition.rule.text, v.definition.description)
            for s, v in definitions.versions.items()
        },
        **{s: (v.rule, v.description) for s, v in definitions.unreadable.items()},
    }
    text = write_definitions(texts, store.watch_settings(unit))
    response: dict[str, Any] = EXPORT_RESPONSE.dump({"file": text})
    return response


def count_leaving(unit: UnitOfWork, segment: str) -> dict[str, Any]:
    """The members of a segment that has just been deleted."""
    members = store.count_members(unit).get(segment, 0)
    response: dict[str, Any] = DELETE_RESPONSE.dump({"segment": segment, "members": members})
    return response


def members(
    unit: UnitOfWork, definitions: ActiveDefinitions, request: Mapping[str, Any]
) -> dict[str, Any]:
    """A page of the members of a segment, as they are stored; NotFound if there is none."""
    segment, limit = request["segment"], request.get("limit", MAX_MEMBERS)
    if segment not in definitions.versions and segment not in definitions.unreadable:
        raise not_defined(definitions, segment)
    backfilling = {} if "after" in request else _backfilling(unit, definitions, segment)
    page = store.page_of_members(unit, segment, request.get("after", ""), limit)
    response: dict[str, Any] = MEMBERS_RESPONSE.dump(
        {
            "segment": segment,
            "members": [
                {
                    "profile_id": profile_id,
                    "since": membership.since,
                    "version": version_of(definitions, segment, state, membership),
                }
                for profile_id, (membership, state) in page.items()
            ],
            "next": list(page)[-1] if len(page) == limit else None,
            **backfilling,
            **standstill_of(unit, definitions, segment),
        }
    )
    return response


def explain(
    unit: UnitOfWork, definitions: ActiveDefinitions, profile_id: str, segment: str
) -> dict[str, Any]:
    """Why a profile is in a segment, or is not: each comparison with its present values.

    Of an unreadable rule there are none, and `why` says so.
    """
    if segment in definitions.unreadable:
        return explain_standstill(unit, definitions, profile_id, segment)
    version = definitions.versions.get(segment)
    if version is None:
        raise not_defined(definitions, segment)
    rule = version.definition.rule

    def read() -> tuple[Summary, Mapping[str, Membership]]:
        summary = _summary(unit, profile_id, rule.reads.facts)
        return summary, store.load_memberships(unit, [profile_id])[profile_id]

    _, state, (summary, members) = _of_one_moment(unit, profile_id, read)
    give_values(current_model(unit) if rule.reads.values else None, [summary])
    summary.memberships = stored_verdicts(definitions, state, members)
    membership = members.get(segment)
    is_member = membership is not None
    now = max(unit.now, state.watermark)
    response: dict[str, Any] = EXPLAIN_RESPONSE.dump(
        {
            "profile_id": profile_id,
            "segment": segment,
            **_described(version),
            "member": is_member,
            "since": membership.since if membership else None,
            "why": rule.explain(summary, now, is_member).lines,
            "conditions": [
                {"condition": line, "holds": value, "changes_at": changes_at}
                for line, value, changes_at in rule.reasons(summary, now, is_member)
            ],
            "changes_at": rule.evaluate(summary, now, is_member).changes_at,
            "as_of": now,
            **standstill_of(unit, definitions, segment),
        }
    )
    return response


def preview_streams(
    unit: UnitOfWork, definitions: ActiveDefinitions, stream_sets: Sequence[Sequence[str]]
) -> list[list[str]]:
    """The segments that a profile of each set of streams would be in now."""
    index = definitions.index
    facts = index.facts_of(index.read_facts)
    model = current_model(unit) if index.read_values else None
    groups = []
    for streams in stream_sets:
        wanted = {"": sorted(set(streams))}
        summaries = store.load_profile_summaries(unit, wanted, facts, unit.now)
        give_values(model, summaries.values())
        summary = summaries.get("")
        changes = evaluate(summary, definitions, {}, unit.now).changes
        groups.append([change.segment for change in changes])
    return groups


def _progress(unit: UnitOfWork, version: DefinitionVersion) -> dict[str, Any]:
    """How many profiles have been evaluated by a version, of how many."""
    done, total = store.count_evaluated(unit, version.generation)
    return {"status": "backfilling" if done < total else "live", "done": done, "total": total}


def _backfilling(
    unit: UnitOfWork, definitions: ActiveDefinitions, segment: str
) -> dict[str, dict[str, int]]:
    """What a response says of a segment besides while its rule is still being applied."""
    version = definitions.versions.get(segment)
    oldest = store.oldest_generation(unit, with_failing=True)
    if version is None or version.has_evaluated_all(oldest):
        return {}
    done, total = store.count_evaluated(unit, version.generation)
    return {"backfilling": {"done": done, "total": total}}


def _unreadable(standstill: Mapping[str, Any]) -> dict[str, Any]:
    message = standstill["message"]
    return {"status": "unreadable", "message": message, "unreadable": standstill}


def values(unit: UnitOfWork, model: VersionedModel | None, shopper: str) -> dict[str, Any]:
    """What a profile is expected to buy and to spend; NotFound if there is no such profile."""
    profile_id = current_profile(unit, shopper)
    if profile_id is None:
        raise NotFound("profile_id", "is not a profile that segments knows")
    summary = _summary(unit, profile_id)
    response: dict[str, Any] = VALUES_RESPONSE.dump(
        show_values(profile_id, summary, model, unit.now)
    )
    return response


def _described(version: DefinitionVersion) -> dict[str, Any]:
    definition = version.definition
    return {
        "rule": definition.rule.text,
        "description": definition.description,
        "meaning": definition.rule.describe(),
        "version": version.number,
    }


def _summary(
    unit: UnitOfWork, profile_id: str, facts: Mapping[str, int | None] | None = None
) -> Summary:
    streams = streams_of(unit, [profile_id])
    summaries = store.load_profile_summaries(unit, streams, facts or {}, unit.now)
    return summaries.get(profile_id, Summary())
