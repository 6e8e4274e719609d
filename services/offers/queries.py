"""The queries of offers: a decision of the log, made again from its inputs, and the catalogue."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar

from chassis import SECOND, Event, InvalidInput, NotFound, Unavailable
from chassis.core.applied_files import file_standing
from chassis.core.event import is_name
from chassis.core.retry import retry
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.validation import load
from chassis.validation.plain import MAX_CALL_BYTES
from contracts.catalogues import (
    CATALOGUE_RESPONSE,
    FALLBACKS_REQUEST,
    REPLAY_REQUEST,
    REPLAY_RESPONSE,
)
from contracts.decisions import DECIDED
from contracts.experiments import EXPERIMENT_REPORT_REQUEST, EXPERIMENT_REPORT_RESPONSE
from rules.language.units import parse_duration
from services.offers import store
from services.offers.configuration import CatalogueFile, read_catalogue
from services.offers.domain.caps import SHOPPER, Cap, Usage
from services.offers.domain.catalogue import Catalogue
from services.offers.domain.catalogue_changes import offer_changes, slot_changes
from services.offers.domain.catalogue_slips import CouponPool, slips_of
from services.offers.domain.decision import fallback_blocks
from services.offers.domain.experiment_report import LOOKED_BACK, experiment_report
from services.offers.domain.log_entry import replay, replay_trace
from services.offers.domain.replay import ReplayCount
from services.offers.domain.trace import to_wire
from services.offers.domain.trial_changes import trial_changes
from services.offers.registry import CatalogueRegistry

T = TypeVar("T")

_REPLAYED_A_PAGE = 500
_READ_A_TURN = 200
_OTHERS_WRITE_SECONDS = 0.3


def explain(
    work: UnitOfWorkRunner, decision_id: object, catalogues: CatalogueRegistry
) -> dict[str, Any]:
    """See `read_decision`. Another process may just be writing the decision: that is waited for."""
    read = partial(read_decision, decision_id=decision_id, catalogues=catalogues)
    return retry(
        lambda: work.read(read),
        lambda error: isinstance(error, NotFound),
        first_pause=0.03,
        longest_pause=0.1,
        patience=_OTHERS_WRITE_SECONDS,
    )


def read_decision(
    unit: UnitOfWork, decision_id: object, catalogues: CatalogueRegistry
) -> dict[str, Any]:
    """A decision with its trace and the request; NotFound if it is not in the log.

    A decision of version 1 has its trace in the log. Unavailable if this release cannot read the
    catalogue that made it.
    """
    if not is_name(decision_id):
        raise InvalidInput("decision_id", "must be the text that `decide` returned")
    events = unit.history({decision_id: 0}, 1)
    if not events or events[0].type != DECIDED:  # outcomes have streams in the log, too
        raise NotFound("decision_id", "is not a decision in the log; a dry run is not logged")
    entry = events[0].data
    if "trace" in entry:
        return dict(entry)
    try:
        catalogue = catalogues.of(unit, entry["inputs"]["catalogue"])
    except InvalidInput:
        raise Unavailable(
            "catalogue", "of this decision is of a later release: ask a process of that release"
        ) from None
    return _explained(decision_id, entry, catalogue)


def _explained(decision_id: str, entry: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """The decision made again; of a slot that comes out otherwise by now, what was shown stands."""
    again = replay(entry, catalogue)
    rest = {name: value for name, value in entry.items() if name != "evaluator"}
    slots, reasons = {}, list(entry["reasons"])
    for name, logged in entry["slots"].items():
        blocks = again.get(name, ())
        if [block.to_log() for block in blocks] == logged:
            slots[name] = [block.to_wire() for block in blocks]
        else:
            slots[name] = [{**block, "content": {}} for block in logged]
            reasons.append(f"decided_otherwise_now:{name}")
    explained = {"decision_id": decision_id, "slots": slots, "reasons": reasons}
    return {**rest, **explained, "trace": to_wire(replay_trace(entry, catalogue))}


def preview_caps(
    unit: UnitOfWork, catalogue: Catalogue, stream_sets: Sequence[Sequence[str]]
) -> list[dict[str, Any]]:
    """What a profile of each set of streams would have used of caps by shopper, by offer."""
    caps = [
        (offer.id, cap)
        for offer in catalogue.offers.values()
        for cap in offer.caps
        if cap.by == SHOPPER
    ]
    previews = []
    for streams in stream_sets:
        used: dict[str, Any] = {}
        usages = store.count_usage(unit, caps, streams, ())
        for (offer_id, cap), usage in zip(caps, usages, strict=True):
            if usage.grants:
                used.setdefault(offer_id, []).append(_used(cap, usage))
        previews.append(used)
    return previews


def _used(cap: Cap, usage: Usage) -> dict[str, Any]:
    used = usage.grants if cap.currency is None else usage.amount
    return {
        "most": cap.most,
        "within": None if cap.within is None else cap.within // SECOND,
        "currency": cap.currency,
        "used": used,
        "exceeded": used > cap.most,
    }


def compare_catalogue(
    unit: UnitOfWork,
    file: CatalogueFile,
    catalogues: CatalogueRegistry,
    segments: Collection[str] | None = None,
) -> dict[str, Any]:
    """What an explicit step would change by `file`, and how it stands to those applied.

    Rules that ask for others than these `segments` are warned of, if they are given; and what ended
    by now, what a coupon pool has no code for, and what some blocks are not translated to. It is
    compared with what this process decides by if its release cannot read what is in force.
    """
    applied = store.applied_catalogues(unit)
    before = catalogues.current
    if applied:
        with suppress(InvalidInput):
            before = catalogues.of(unit, applied[-1].fingerprint)
    pools = {name: CouponPool(*counts) for name, counts in store.coupon_pools(unit).items()}
    slips = slips_of(file.catalogue, unit.now, pools)
    response: dict[str, Any] = CATALOGUE_RESPONSE.dump(
        {
            "fingerprint": file.catalogue.fingerprint,
            "file": file_standing(file.applied, applied).value,
            "offers": offer_changes(before, file.catalogue, segments, slips.of_offers),
            "slots": slot_changes(before, file.catalogue),
            "programme_changes": before.programme != file.catalogue.programme,
            "delivery_changes": before.free_delivery != file.catalogue.free_delivery,
            "experiments": trial_changes(before.trials, file.catalogue.trials),
            "warnings": slips.others,
        }
    )
    return response


def export_catalogue(unit: UnitOfWork) -> dict[str, Any]:
    """The offers.yaml in force; NotFound if no process has put one in force yet."""
    applied = store.applied_catalogues(unit)
    if not applied:
        raise NotFound("catalogue", "none is in force yet; start offers, or apply one")
    fingerprint = applied[-1].fingerprint
    return {"fingerprint": fingerprint, "file": store.catalogue_text(unit, fingerprint)}


def list_fallbacks(catalogue: Catalogue, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The fallback blocks by placement and slot; InvalidInput if the language is no tag."""
    language = load(FALLBACKS_REQUEST, dict(arguments)).get("language")
    placements = {
        placement: {slot: [block.to_wire()] for slot, block in blocks.items()}
        for placement, blocks in fallback_blocks(catalogue, language).items()
    }
    return {"placements": placements}


def replay_page(
    unit: UnitOfWork, arguments: Mapping[str, Any], catalogues: CatalogueRegistry
) -> dict[str, Any]:
    """A page of decisions of the log made again: see `contracts.catalogues.ReplayRequest`.

    InvalidInput if `since` is no duration, or the file has a mistake.
    """
    request = load(REPLAY_REQUEST, dict(arguments), max_bytes=MAX_CALL_BYTES)
    other = read_catalogue(request["file"]) if "file" in request else None
    place = request.get("after") or {"changed_at": _since(request, unit.now), "stream": ""}
    heads = unit.dated_heads(place["changed_at"], place["stream"], _REPLAYED_A_PAGE)
    count = ReplayCount()
    for event in unit.events_at((head.stream, 1) for head in heads):
        if event.type == DECIDED:
            count.add(event.stream, event.data, _catalogue_of(unit, event, catalogues), other)
            time.sleep(0)  # shoppers who wait have their turn
    is_end = len(heads) < _REPLAYED_A_PAGE
    after = None if is_end else {"changed_at": heads[-1].changed_at, "stream": heads[-1].stream}
    response: dict[str, Any] = REPLAY_RESPONSE.dump({**asdict(count), "next": after})
    return response


def _catalogue_of(
    unit: UnitOfWork, event: Event, catalogues: CatalogueRegistry
) -> Catalogue | None:
    try:
        return catalogues.of(unit, event.data["inputs"]["catalogue"])
    except (InvalidInput, NotFound):  # of a later release; of version 1
        return None


def _since(request: Mapping[str, Any], now: int) -> int:
    try:
        return now - parse_duration(request.get("since", "7d"))
    except ValueError as error:
        raise InvalidInput("since", str(error)) from None


def _in_turns(values: Iterable[T]) -> Iterator[T]:
    """The values; shoppers who wait have their turn between some of them."""
    for number, value in enumerate(values):
        if number % _READ_A_TURN == 0:
            time.sleep(0)
        yield value


class _ReadInTurns(list[T]):
    """A long list that is gone through so."""

    def __iter__(self) -> Iterator[T]:
        return _in_turns(super().__iter__())


def report_experiment(
    unit: UnitOfWork, arguments: Mapping[str, Any], catalogue: Catalogue
) -> dict[str, Any]:
    """How an experiment or a holdout of the catalogue stands; NotFound if it has none such."""
    name = load(EXPERIMENT_REPORT_REQUEST, dict(arguments))["experiment"]
    trial = catalogue.trials.find(name)
    found = store.load_exposed_responses(unit, name, LOOKED_BACK, trial.plan.window)
    responses = _ReadInTurns(_in_turns(found))
    report = experiment_report(trial, store.count_exposed(unit, name), responses, unit.now)
    response: dict[str, Any] = EXPERIMENT_REPORT_RESPONSE.dump(report)
    return response
