"""Stays: from a shopper's entry into a segment to the exit, and how long they last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.segments.domain.memberships import Membership, MembershipChange


@dataclass(frozen=True, slots=True)
class Stay:
    """That a profile was in a segment from `since` until `until` (µs).

    `version` is that of the exit in the profile's stream.
    """

    profile_id: str
    version: int
    segment: str
    since: int
    until: int


def ended_stays(
    profile_id: str,
    members: Mapping[str, Membership],
    changes: Iterable[tuple[int, MembershipChange]],
) -> Iterator[Stay]:
    """The stays that changes have ended, given as (version, change); `members` are those before.

    A stay whose segment gets another name goes on by that name.
    """
    since = {segment: membership.since for segment, membership in members.items()}
    for version, change in changes:
        if change.entered:
            since[change.segment] = change.at if change.since is None else change.since
            continue
        began = since.pop(change.segment, None)
        if began is not None and change.other_name is None:
            yield Stay(profile_id, version, change.segment, min(began, change.at), change.at)


@dataclass(frozen=True, slots=True)
class StayLengths:
    """So many stays of one length (µs), which have ended or last by now."""

    length: int
    has_ended: bool
    stays: int


@dataclass(frozen=True, slots=True)
class MedianStay:
    """The median length of stays (µs), or that it is longer than `over`; without any, neither."""

    length: int | None = None
    over: int | None = None


def median_stay(lengths: Sequence[StayLengths]) -> MedianStay:
    """The length that half of the stays last at most, by the estimator of Kaplan and Meier.

    To leave out the stays that last would count the short ones alone; to take them as ended would
    make them too short. The survival function after the length t is the product of (1 - d/n) over
    all lengths up to t, of n stays that lasted as long and d that ended then. The median is the
    first length at which it is one half or less. E. L. Kaplan and P. Meier, Nonparametric
    estimation from incomplete observations, JASA 53 (1958), 457-481.
    """
    ended: dict[int, int] = {}
    all_of: dict[int, int] = {}
    for each in lengths:
        all_of[each.length] = all_of.get(each.length, 0) + each.stays
        if each.has_ended:
            ended[each.length] = ended.get(each.length, 0) + each.stays
    left, survival = sum(all_of.values()), 1.0
    for length in sorted(all_of):
        survival *= 1 - ended.get(length, 0) / left
        if survival <= 0.5 + 1e-12:  # what is one half may come out a little greater
            return MedianStay(length=length)
        left -= all_of[length]
    return MedianStay(over=max(all_of, default=None))
