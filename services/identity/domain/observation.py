"""Observations: the identifiers that were seen together in one event, and what they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from chassis.core.json import dump_json
from contracts.event_types import ACCOUNT_EVENTS
from identifiers import Assurance, Identifier, Ignored, accept
from services.identity.domain.state import IdentityPolicy

SIGNED_OUT = "signed_out"
CONTACT_RELEASED = "contact_released"
CONSENT_CHANGED = "consent_changed"

_DIGEST_BYTES = 16
_AHEAD = 60_000_000  # microseconds by which a sender's clock may be ahead of ours
_ROLES: dict[str, Assurance] = {
    "names": "verified",
    "devices": "device",
    "contacts": "claimed",
}


@dataclass(frozen=True, slots=True)
class Observation:
    """What one event shows: accepted identifiers, and whether the shop had authenticated them.

    `time` is when it happened, in microseconds. `origin` is the entry that the event came in by,
    and `proven` the types of contacts that it proves (None: as configured).

    Of `identifiers`, the strongest first, `names` are those of accounts, and `contacts` addresses:
    the first of them decides, the others move nothing.
    """

    event_id: str
    type: str
    time: int
    authenticated: bool
    identifiers: tuple[Identifier, ...]
    ignored: tuple[Ignored, ...] = ()
    origin: str = "server"
    proven: frozenset[str] | None = None

    names: tuple[Identifier, ...] = field(init=False, compare=False)
    devices: tuple[Identifier, ...] = field(init=False, compare=False)
    contacts: tuple[Identifier, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        of_role: dict[Assurance, tuple[Identifier, ...]] = {}
        for identifier in self.identifiers:
            assurance = identifier.type.assurance
            of_role[assurance] = (*of_role.get(assurance, ()), identifier)
        for name, role in _ROLES.items():
            object.__setattr__(self, name, of_role.get(role, ()))

    @property
    def digest(self) -> str:
        """What tells it from all others of its event id; its time is that of a sender's clock."""
        content = [
            self.type,
            self.authenticated,
            sorted(identifier.key for identifier in self.identifiers),
            self.origin,
            None if self.proven is None else sorted(self.proven),
        ]
        return hashlib.blake2b(dump_json(content).encode(), digest_size=_DIGEST_BYTES).hexdigest()

    def seen_at(self, now: int) -> Observation:
        """It as it counts at `now`: what is dated further ahead was seen now, by a wrong clock.

        A device would else belong to whoever signs in there tomorrow.
        """
        return self if self.time <= now + _AHEAD else replace(self, time=now)

    @property
    def is_accounts(self) -> bool:
        """Whether the shop has authenticated the name of an account."""
        return self.authenticated and bool(self.names)

    @property
    def is_order(self) -> bool:
        """Whether it is about an order."""
        return self.type.startswith("order_")

    @property
    def tells_account(self) -> bool:
        """Whether its contacts are what an account says of itself."""
        return self.is_accounts and self.type in ACCOUNT_EVENTS

    @property
    def proves_address(self) -> bool:
        """Whether the shop vouches for its first contact without naming an account."""
        if self.is_accounts or not self.contacts:
            return False
        proven = self.contacts[0].type.name in (self.proven or ())
        return self.origin == "server" and self.type == CONSENT_CHANGED and proven

    def proven_contacts(self, verified: bool) -> Sequence[Identifier]:
        """The contacts that it proves; `verified`: an account's contacts are, if it tells them."""
        if not self.is_accounts:
            return ()
        if self.proven is not None:
            return [i for i in self.contacts if i.type.name in self.proven]
        return self.contacts[:1] if self.tells_account and verified else ()


@dataclass(frozen=True, slots=True)
class Observer:
    """Makes observations, with the identifier types and the key under which values are hashed."""

    policy: IdentityPolicy
    key: bytes = field(repr=False)

    def observe(
        self,
        event_id: str,
        type: str,  # noqa: A002 - the field of the event
        time: int,
        identifiers: Mapping[str, str],
        authenticated: bool,
        origin: str = "server",
        proven: Sequence[str] | None = None,
    ) -> Observation:
        """The observation of an event with these plain `identifiers`."""
        accepted = accept(identifiers, self.policy.types, self.key)
        return Observation(
            event_id,
            type,
            time,
            authenticated,
            accepted.keys,
            accepted.ignored,
            origin,
            None if proven is None else frozenset(proven),
        )

    def keys(self, identifiers: Mapping[str, str] | Sequence[str]) -> set[str]:
        """The keys of plain identifiers {type: value}; keys as they are."""
        if isinstance(identifiers, Mapping):
            accepted = accept(identifiers, self.policy.types, self.key)
            return {identifier.key for identifier in accepted.keys}
        return set(identifiers)
