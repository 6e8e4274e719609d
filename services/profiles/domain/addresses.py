"""Addresses: the streams that they were told in, and the channels that they have refused. Pure.

A refusal of a channel (e-mail, text messages, marketing) belongs to the address with which it was
told: it is recorded in every stream in which that address was ever told, and in those in which it
is told later. Nothing else that is told with an address concerns others.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from chassis import HOUR, Event, JointDraft
from contracts.event_types import ACCOUNT_EVENTS
from contracts.incoming import IncomingEvent
from identifiers import Accepted
from services.profiles.domain.recording import ResolvedEvent, channels_refused, purposes_of

MAX_RECIPIENTS = 100
"""So many streams of an address are told of a refusal: accounts, and then the newest."""

_MOST_PURPOSES = 200  # that are remembered of an address
_MOST_AHEAD = 10  # refusals of one purpose that are dated ahead
_ENTRIES = 20  # streams in one fact: each of its copies names them all
_PRECISION = HOUR  # of when an address was told last
_IDS = uuid.UUID("5e0a5f0e-3f5c-4c53-8f2d-6a0a1f6f6d17")

Kind = Literal["account", "device", "address"]


@dataclass(frozen=True, slots=True)
class AddressUse:
    """An address as it was told in a stream: that of an account, of a device, or its own.

    `proven`: the account of the stream proved it. `refusals` is how many refusals of the address
    there were when this stream was last told of them. `first_at` and `last_at` are the times of the
    first and the last event, in microseconds; `last_at` may be up to an hour too early, so that not
    every event of a shopper writes it.
    """

    address: str
    stream: str
    kind: Kind
    proven: bool
    first_at: int
    last_at: int
    refusals: int = 0

    @property
    def place(self) -> tuple[str, str]:
        """Its key among all uses."""
        return self.address, self.stream


@dataclass(frozen=True, slots=True)
class AddressRefusal:
    """A channel that an address has refused by an event; `number` counts those of the address."""

    address: str
    number: int
    purpose: str
    event_id: str
    at: int
    arrival: tuple[int, int]


@dataclass(frozen=True, slots=True)
class AddressedEvent:
    """An event with addresses: the streams that it shows them in, and what it refuses."""

    event: IncomingEvent
    uses: tuple[AddressUse, ...]
    refuses: tuple[str, ...]

    @property
    def releases(self) -> bool:
        """Whether an account gives its addresses up."""
        return self.event.type == "contact_released"

    @property
    def addresses(self) -> list[str]:
        """The keys of its addresses."""
        return list(dict.fromkeys(use.address for use in self.uses))


@dataclass(slots=True)
class AddressBook:
    """What is known of the addresses of a batch, and what the batch changes of it.

    `counts` has the number of refusals of each address whose row is locked; no other one may be
    refused, or be told in a new stream.
    """

    counts: dict[str, int] = field(default_factory=dict)
    uses: dict[tuple[str, str], AddressUse] = field(default_factory=dict)
    refusals: dict[str, list[AddressRefusal]] = field(default_factory=dict)
    recipients: dict[str, list[AddressUse]] = field(default_factory=dict)
    changed_uses: dict[tuple[str, str], AddressUse] = field(default_factory=dict)
    changed_refusals: set[str] = field(default_factory=set)


def addressed(
    event: IncomingEvent, accepted: Accepted, resolution: ResolvedEvent, *, contacts_verified: bool
) -> AddressedEvent | None:
    """What an event shows of addresses; None if it has none."""
    contacts = [each for each in accepted.keys if each.type.assurance == "claimed"]
    if not contacts:
        return None
    is_account = event.authenticated and any(
        each.type.assurance == "verified" for each in accepted.keys
    )
    tenure = resolution.tenure_stream
    kind: Kind = "account" if is_account else "address"
    if not is_account and resolution.assurance == "device" and tenure in (None, resolution.stream):
        kind = "device"
    refused = {ignored["type"] for ignored in resolution.ignored}
    proven = _proven(event, [each.type.name for each in contacts], verified=contacts_verified)
    uses = []
    for contact in contacts:
        is_proven = is_account and contact.type.name in proven and contact.type.name not in refused
        use = AddressUse(contact.key, resolution.stream, kind, is_proven, event.time, event.time)
        uses.append(use)
        if tenure is not None and tenure != resolution.stream:
            uses.append(replace(use, stream=tenure, kind="device"))
    return AddressedEvent(event, tuple(uses), tuple(channels_refused(event)))


def _proven(event: IncomingEvent, types: Sequence[str], *, verified: bool) -> Sequence[str]:
    """The types of the contacts that an account's event proves."""
    if event.proven is not None:
        return event.proven
    return types[:1] if verified and event.type in ACCOUNT_EVENTS else ()


def places_of(events: Iterable[AddressedEvent]) -> list[tuple[str, str]]:
    """The pairs of an address and a stream in which events tell it, sorted."""
    return sorted({use.place for event in events for use in event.uses})


def to_lock(
    events: Iterable[AddressedEvent],
    known: Mapping[tuple[str, str], AddressUse],
    counts: Mapping[str, int],
) -> list[str]:
    """The addresses that are refused, told in a new stream, or in one that lacks refusals."""
    wanted: set[str] = set()
    for event in events:
        for use in event.uses:
            before = known.get(use.place)
            lacks = before is None or before.refusals < counts.get(use.address, 0)
            if lacks or event.refuses:
                wanted.add(use.address)
    return sorted(wanted)


def refused_in(events: Iterable[AddressedEvent]) -> list[str]:
    """The addresses that the events refuse channels of, sorted."""
    return sorted({address for event in events if event.refuses for address in event.addresses})


def note_addresses(
    book: AddressBook, events: Sequence[AddressedEvent], now: int
) -> list[JointDraft]:
    """Bring the book up to date with events; the facts by which streams learn of refusals."""
    touched: set[tuple[str, str]] = set()
    for event in events:
        for use in event.uses:
            _use(book, use, released=event.releases)
            touched.add(use.place)
    for event in events:
        for address in event.addresses if event.refuses else ():
            _refuse(book, event, address, now)
    facts: list[JointDraft] = []
    own = {(event.event.id, use.stream) for event in events if event.refuses for use in event.uses}
    for address in sorted(book.counts):
        facts += _tell(book, address, touched, own)
    return facts


def _use(book: AddressBook, use: AddressUse, *, released: bool) -> None:
    before = book.uses.get(use.place)
    after = use
    if before is not None:
        after = replace(
            before,
            kind=use.kind if use.kind == "account" else before.kind,
            proven=use.proven or (before.proven and not released),
            first_at=min(before.first_at, use.first_at),
            last_at=max(before.last_at, use.last_at),
        )
    if before is None or _differs(before, after):
        book.uses[use.place] = book.changed_uses[use.place] = after


def _differs(before: AddressUse, after: AddressUse) -> bool:
    """Whether a use has changed by more than that it was told again within the hour."""
    return replace(before, last_at=after.last_at) != after or (
        after.last_at - before.last_at >= _PRECISION
    )


def _refuse(book: AddressBook, event: AddressedEvent, address: str, now: int) -> None:
    """Remember what an event refuses, unless a later refusal of the same has been in force."""
    remembered = book.refusals.setdefault(address, [])
    for purpose in event.refuses:
        purposes = {each.purpose for each in remembered}
        if purpose not in purposes and len(purposes) >= _MOST_PURPOSES:
            continue
        if any(
            each.purpose == purpose and event.event.time <= each.at <= now for each in remembered
        ):
            continue
        book.counts[address] += 1
        book.changed_refusals.add(address)
        remembered.append(
            AddressRefusal(
                address,
                book.counts[address],
                purpose,
                event.event.id,
                event.event.time,
                event.event.arrival or (now, 0),
            )
        )


def _tell(
    book: AddressBook,
    address: str,
    touched: set[tuple[str, str]],
    own: set[tuple[str, str]],
) -> Iterator[JointDraft]:
    """Tell streams of the refusals of an address that they lack."""
    count = book.counts[address]
    uses = {use.stream: use for use in book.recipients.get(address, ())}
    uses |= {stream: book.uses[key, stream] for key, stream in touched if key == address}
    behind = [use for _, use in sorted(uses.items()) if use.refusals < count]
    for refusal in sorted(book.refusals.get(address, ()), key=lambda each: each.number):
        streams = [
            use.stream
            for use in behind
            if use.refusals < refusal.number and (refusal.event_id, use.stream) not in own
        ]
        for start in range(0, len(streams), _ENTRIES):
            yield _fact(refusal, streams[start : start + _ENTRIES])
    for use in behind:
        changed = replace(book.uses.get(use.place, use), refusals=count)
        book.uses[use.place] = book.changed_uses[use.place] = changed


def remembered(refusals: Iterable[AddressRefusal], now: int) -> list[AddressRefusal]:
    """The refusals that whoever meets the address has to learn of: the latest of each purpose."""
    latest: dict[str, AddressRefusal] = {}
    ahead: dict[str, list[AddressRefusal]] = {}
    for refusal in sorted(refusals, key=lambda each: (each.at, each.number)):
        if refusal.at <= now:
            latest[refusal.purpose] = refusal
        else:
            ahead.setdefault(refusal.purpose, []).append(refusal)
    return [*latest.values(), *(each for some in ahead.values() for each in some[-_MOST_AHEAD:])]


def _fact(refusal: AddressRefusal, streams: Sequence[str]) -> JointDraft:
    name = " ".join((refusal.event_id, refusal.purpose, refusal.address, *streams))
    return JointDraft(
        id=str(uuid.uuid5(_IDS, name)),
        type="consent_refused",
        entries={stream: {} for stream in streams},
        data={
            "purpose": refusal.purpose,
            "address": refusal.address,
            "event_id": refusal.event_id,
        },
        occurred_at=refusal.at,
        metadata={
            "causation_id": refusal.event_id,
            "arrival": list(refusal.arrival),
            "address": refusal.address,
        },
    )


@dataclass(frozen=True, slots=True)
class ConsentStatement:
    """A consent to a purpose, or its refusal, by an event."""

    purpose: str
    granted: bool
    at: int
    event_id: str


def told_last(uses: Iterable[AddressUse]) -> list[AddressUse]:
    """Of uses in one profile one for each address, the newest first."""
    latest: dict[str, AddressUse] = {}
    for use in uses:
        other = latest.get(use.address)
        latest[use.address] = use if other is None else _together(use, other)
    return sorted(latest.values(), key=lambda use: (-use.last_at, use.address))


def _together(one: AddressUse, other: AddressUse) -> AddressUse:
    newer, older = (one, other) if one.last_at > other.last_at else (other, one)
    return replace(
        newer,
        proven=newer.proven or older.proven,
        first_at=min(newer.first_at, older.first_at),
    )


def statements(
    events: Iterable[Event], refusals: Iterable[AddressRefusal]
) -> list[ConsentStatement]:
    """The consents and refusals of events, and those of an address; the newest first."""
    found = {ConsentStatement(each.purpose, False, each.at, each.event_id) for each in refusals}
    for event in events:
        for purpose, granted in purposes_of(event.data).items():
            found.add(ConsentStatement(purpose, bool(granted), event.occurred_at, event.id))
    return sorted(found, key=lambda each: (-each.at, each.purpose, each.event_id))
