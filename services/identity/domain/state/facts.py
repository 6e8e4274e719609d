"""What was seen: tenures and their periods, addresses and their sightings, profiles. Pure.

What stands in rows is a named tuple: a call makes hundreds of them, and a frozen dataclass of
twenty fields takes ten times as long to make, and to change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from identifiers import Assurance

BEGINNING = -(2**62)  # when an identifier's first tenure opens: before all times
SEVERAL = "*"  # in `Tenure.prior`: more than one account
_MOST_ORDERED = 5  # addresses of orders on one guest's tenure: with more it is a kiosk
ALONE, NOBODY = "", "nobody"  # in `Sighting.on`: an address without a device


class Tenure(NamedTuple):
    """An account name that the shop has authenticated, or a device in one of its tenures.

    A tenure of a device begins at a sign-in (`signed_in`: it is the account's of the name stream
    `owner`), or it is a guest's: before the first sign-in, and after each sign-out. `number` grows
    each time that the key leads to another stream; only a `current` one is led to. `opened_at` is
    when it opened last.

    `group` is shared by names of one account, and by guests' tenures that were seen together.
    What makes a guest's tenure an account's: `owner` signed in next on the device, at `owned_at`;
    `beside` was signed in on another device that was seen beside it, at `beside_at`. `prior` is
    the account that was signed in on the device before, SEVERAL for several, empty for none.

    `typed` counts the addresses that were told with the tenure, `ordered` those of a
    shop's orders. Nobody has been seen in an `empty` one. One that is `untied` came when its
    profile was full. `home` is the profile that it came into. `fused` is the stream whose profile
    it stays in because claims once joined them. `split_marks` names the splits by a support desk
    and this stream's side in each: `<split>/<side> …`.
    """

    stream: str
    key: str
    number: int
    opened_at: int
    founded_at: int
    profile: str
    epoch: int
    assurance: Assurance
    group: str
    home: str
    current: bool = True
    signed_in: bool = False
    owner: str | None = None
    owned_at: int = 0
    beside: str | None = None
    beside_at: int = 0
    prior: str = ""
    typed: int = 0
    ordered: int = 0
    empty: bool = False
    untied: bool = False
    fused: str | None = None
    split_marks: str = ""

    @property
    def type(self) -> str:
        """The name of the identifier's type."""
        return self.key.partition(":")[0]

    @property
    def is_kiosk(self) -> bool:
        """Whether orders for so many addresses came from it that it is no person's."""
        return self.ordered > _MOST_ORDERED


class Period(NamedTuple):
    """A device belongs to the tenure `stream` from `opened_at` on, until its next period opens.

    None: a guest's tenure in which nobody was seen.
    """

    key: str
    opened_at: int
    stream: str | None

    def as_of(self, tenures: Mapping[str, Tenure]) -> Period:
        """It without its tenure, by stream, if that has left it.

        A guest's has one period, and none if it ended before anybody was seen in it. An earlier
        release has left others as they were.
        """
        tenure = tenures.get(self.stream or "")
        if tenure is None or tenure.signed_in:
            return self
        has_left = tenure.opened_at != self.opened_at or (tenure.empty and not tenure.current)
        return self._replace(stream=None) if has_left else self


class AddressTenure(NamedTuple):
    """An address in one of its tenures, which begins when its holder releases it.

    `holder` is the name stream of the account that has proven it. `withdrawn`: a support desk has
    taken it from that account.
    """

    key: str
    number: int = 1
    opened_at: int = BEGINNING
    holder: str | None = None
    withdrawn: bool = False
    current: bool = True

    @property
    def held_by(self) -> str | None:
        """The name stream of the account that holds it."""
        return None if self.withdrawn else self.holder


class Sighting(NamedTuple):
    """An address that was told on a stream (`on`), or by itself; first at `seen_at`.

    `own`: an account told it as its own. Where an order has made it an address stream, `stream` and
    what follows say which, and whose: `pin` is the stream to whose profile a support desk has
    assigned it. `beyond_proof`: there were too many to move when the address was proven.
    """

    address: str
    number: int
    on: str
    seen_at: int
    own: bool = False
    stream: str = ""
    profile: str = ""
    epoch: int = 0
    pin: str | None = None
    fused: str | None = None
    untied: bool = False
    beyond_proof: bool = False

    @property
    def type(self) -> str:
        """The name of the identifier's type."""
        return self.address.partition(":")[0]

    @property
    def key(self) -> str:
        """The key of the address."""
        return self.address

    @property
    def founded_at(self) -> int:
        """When it was first seen."""
        return self.seen_at

    @property
    def place(self) -> SightingPlace:
        """Its key among all sightings."""
        return self.address, self.number, self.on

    @property
    def assurance(self) -> Assurance:
        """What ties an address to anybody: it was typed."""
        return "claimed"

    @property
    def current(self) -> bool:
        """No identifier leads to it."""
        return False


Stream = Tenure | Sighting
SightingPlace = tuple[str, int, str]
RowKey = tuple[str | int, ...]  # "tenure", "sighting" or "address", and what it is found by


@dataclass(frozen=True, slots=True)
class Repair:
    """A `split` or a `merged` by a support desk, with all that it has changed.

    `whole` is the profile that was split, or that a merge has made; `sides` has the streams of the
    two that a split has made, or of which a merge has made one. The rules may then have brought
    streams of other profiles there (`strangers`), and taken some away (`strays`). `takes_back` is
    the id of the earlier one whose inverse it was. `changes` says of each row which fields it
    changed, from what to what, and `mates` who was in each group that it changed.
    """

    id: str
    kind: str
    whole: str
    takes_back: str | None
    sides: Mapping[str, tuple[str, ...]]
    strangers: tuple[str, ...]
    strays: tuple[str, ...]
    changes: Mapping[RowKey, Mapping[str, tuple[Any, Any]]]
    mates: Mapping[str, tuple[str, ...]]


class KeptResolution(NamedTuple):
    """Where an event went that would go elsewhere by now, as later events of its call have it.

    If the call is made again, because its response was lost, the event goes where it went then;
    `digest` is that of its observation, which has to be the same one. `came_from` is the device's
    tenure of an order that went to an address stream, and `ignored` has the types that were left
    out, with the reasons.
    """

    event_id: str
    digest: str
    stream: str
    came_from: str | None
    ignored: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    """A profile: whether it is an account, and how many guests' and address streams are in it."""

    account: bool = False
    tied: int = 0
