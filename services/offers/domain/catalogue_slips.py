"""Likely slips of an offers.yaml that only show beside the rest of it, the clock and the pools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple

from services.offers.domain.catalogue import Catalogue, Offer
from services.offers.domain.content import Content
from services.offers.domain.experiments import Experiment, Trials
from services.offers.domain.languages import Languages, same_language

_HARDLY_ANYBODY = 0.01  # whoever writes 1 may mean all


class CouponPool(NamedTuple):
    """How many codes a pool has, and how many of them are taken."""

    codes: int = 0
    taken: int = 0


class Slips(NamedTuple):
    """Warnings: those of each offer by its id, and those of no offer."""

    of_offers: Mapping[str, list[str]]
    others: list[str]


def slips_of(catalogue: Catalogue, now: int, pools: Mapping[str, CouponPool]) -> Slips:
    """What of a catalogue shows nothing at `now` (µs), or not in each language.

    `pools` are the coupon pools that have been loaded, by name.
    """
    of_offers: dict[str, list[str]] = {}
    for offer in sorted(catalogue.offers.values(), key=lambda each: each.id):
        of_offers[offer.id] = [
            *_ended(offer, now),
            *_without_codes(offer, pools),
            *_without_cost(offer),
            *_too_dear(offer),
            *_paced_late(offer),
        ]
    others = list(_slips_of_trials(catalogue.trials))
    for placement in sorted(catalogue.placements):
        for offer_id, name, tags in _untranslated(catalogue, placement):
            slip = (
                f"{name} has no translation to {', '.join(tags)}, which other blocks of"
                f" {placement} have"
            )
            (others if offer_id is None else of_offers[offer_id]).append(slip)
    return Slips(of_offers, others)


def _ended(offer: Offer, now: int) -> Iterator[str]:
    schedule = offer.schedule
    if schedule is not None and schedule.ends_at is not None and now >= schedule.ends_at:
        yield f"{offer.id} is shown no more: {schedule.describe(now)}"


def _without_codes(offer: Offer, pools: Mapping[str, CouponPool]) -> Iterator[str]:
    if offer.coupons is None:
        return
    pool = pools.get(offer.coupons, CouponPool())
    if pool.taken >= pool.codes:
        lacks = "has no code left" if pool.codes else "is not loaded"
        yield (
            f"{offer.id} can be granted to nobody: its pool {lacks}; run"
            f" `cdp offers coupons load FILE --pool {offer.coupons}`"
        )


def _paced_late(offer: Offer) -> Iterator[str]:
    pacing = offer.limits.budget.pacing if offer.limits and offer.limits.budget else None
    begins_at = offer.schedule.begins_at if offer.schedule else None
    if pacing is not None and begins_at is not None and begins_at < pacing.begins_at:
        yield (
            f"{offer.id} is shown to nobody before the `pacing` of its budget begins; its schedule"
            " begins earlier"
        )


def _without_cost(offer: Offer) -> Iterator[str]:
    limits = offer.limits
    if limits is not None and limits.currency is not None and limits.cost is None:
        yield (
            f"{offer.id} is limited in money and has no `cost`: a decision cannot reserve it, and"
            " `reserve` needs an `amount` each time"
        )


def _too_dear(offer: Offer) -> Iterator[str]:
    limits = offer.limits
    if limits is None or limits.currency is None or limits.cost is None:
        return
    amounts = [cap.most for cap in limits.caps if cap.currency]
    if limits.budget and limits.budget.currency:
        amounts.append(limits.budget.most)
    if limits.cost.amount > min(amounts):
        yield (
            f"{offer.id} is shown by no decision: its `cost` of {limits.cost.amount}"
            f" {limits.cost.currency} is above a cap or its budget of {min(amounts)}"
        )


def _slips_of_trials(trials: Trials) -> Iterator[str]:
    """Running experiments that hardly anybody takes part in, or that are not kept apart."""
    running = [each for each in trials.experiments if each.is_running]
    for each in running:
        if each.participation.split.coverage <= _HARDLY_ANYBODY:
            yield (
                f"{each.id}: of 100 shoppers {each.participation.split.coverage * 100:.0f} take"
                " part; `coverage` is in percent, 100 for all"
            )
        for offer in sorted(frozenset.intersection(*(variant.offers for variant in each.variants))):
            yield f"{each.id}: {offer} is in every variant, and tells none of them from another"
    for one, other in combinations(running, 2):
        yield from _not_apart(one, other)


def _not_apart(one: Experiment, other: Experiment) -> Iterator[str]:
    first, second = one.participation, other.participation
    space, beside = first.split.namespace, second.split.namespace
    if space is None or beside is None or space.name != beside.name:
        if first.split.seed == second.split.seed:
            yield (
                f"{one.id} and {other.id} have one `seed`: who is in a variant of the one is in"
                " that of the other, and nobody can tell what did it"
            )
        return
    start, end = max(space.start, beside.start), min(space.end, beside.end)
    if first.hash_attributes != second.hash_attributes:
        yield (
            f"{one.id} and {other.id} share shoppers: parts of the namespace {space.name} are"
            " kept apart by one `hash_attribute` and one `fallback_attribute` alone"
        )
    elif start < end:
        yield (
            f"{one.id} and {other.id} share shoppers: both have {start * 100:.0f} to"
            f" {end * 100:.0f} of the namespace {space.name}"
        )


def _untranslated(
    catalogue: Catalogue, placement: str
) -> Iterator[tuple[str | None, str, list[str]]]:
    """The contents of a placement that lack a language which others have, and these languages.

    Each with its offer, None for a fallback block, and how it is called.
    """
    contents: dict[str, tuple[str | None, Content]] = {}
    for slot in catalogue.placements[placement].values():
        contents |= {offer.id: (offer.id, offer.content) for offer in slot.offers}
        contents[f"the fallback block of {placement}.{slot.name}"] = (None, slot.fallback)
    wanted = {tag for _, content in contents.values() for tag in content.translations}
    for name, (offer_id, content) in contents.items():
        languages = content.languages
        if languages is None or not _has_text(content.body):
            continue
        lacking = [tag for tag in languages.tags if tag in wanted]
        lacking = [tag for tag in lacking if not _covers(content, tag, languages)]
        # Who lacks `de` lacks `de-AT` by that.
        bases = [tag for tag in lacking if not any(_stands_for(tag, each) for each in lacking)]
        if bases:
            yield offer_id, name, bases


def _covers(content: Content, tag: str, languages: Languages) -> bool:
    """Whether a request in the language gets texts of it, if perhaps of another region."""
    chain = languages.chain(tag)
    own = [each for each in chain if each in content.translations]
    return bool(own) or same_language(tag, languages.default)


def _stands_for(tag: str, other: str) -> bool:
    """Whether another, shorter tag stands in for this one."""
    return tag.lower().startswith(f"{other.lower()}-")


def _has_text(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_text(each) for each in value.values())
    if isinstance(value, list):
        return any(_has_text(each) for each in value)
    return isinstance(value, str)
