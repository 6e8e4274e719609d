"""The vault: plain values of identifiers are kept encrypted, and opened only on request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from chassis import DAY
from chassis.config.sealing import Seal
from contracts.incoming import IncomingEvent
from identifiers import Accepted, Identifier, IdentifierTypes, Ignored, accept, bare_address
from services.profiles.domain.conflicts import SeenIdentifiers, seen_identifiers

_PURPOSE = b"checkout cdp: values sealed in profiles"
_MOST_REMEMBERED = 100_000
_MOST_ACCEPTED = 20_000


@dataclass(frozen=True, slots=True)
class SealedValue:
    """An identifier's plain value, sealed; kept until an instant (µs), or for good."""

    key: str
    sealed: str
    kept_until: int | None


@dataclass(slots=True)
class Vault:
    """Seals the identifier values of events: each at most once a day and process."""

    types: IdentifierTypes
    key: bytes = field(repr=False)
    seal: Seal = field(repr=False)
    _seen: dict[tuple[str, str], int] = field(default_factory=dict, repr=False)
    _accepted: dict[tuple[str, str], Accepted] = field(default_factory=dict, repr=False)

    def accept(self, event: IncomingEvent) -> Accepted:
        """The identifiers of an event that identity will use, and those that it will not."""
        keys: list[Identifier] = []
        ignored: list[Ignored] = []
        for name, value in event.identifiers.items():
            accepted = self._accept_one(name, value)
            keys += accepted.keys
            ignored += accepted.ignored
        if len(keys) > 1:
            keys.sort(key=lambda identifier: (identifier.priority, identifier.key))
        return Accepted(tuple(keys), tuple(ignored))

    def see(self, event: IncomingEvent) -> SeenIdentifiers:
        """What is kept of the identifiers of an event beside it."""
        return seen_identifiers(self.accept(event))

    def _accept_one(self, name: str, value: str) -> Accepted:
        """One identifier, normalised and hashed once as long as it is remembered."""
        accepted = self._accepted.get((name, value))
        if accepted is None:
            if len(self._accepted) > _MOST_ACCEPTED:
                self._accepted.clear()
            accepted = accept({name: value}, self.types, self.key)
            self._accepted[name, value] = accepted
        return accepted

    def new_values(self, events: Iterable[IncomingEvent], now: int) -> list[SealedValue]:
        """The values in `events` that were not kept yet today, sealed, sorted by key."""
        today = now // DAY
        values: dict[str, SealedValue] = {}
        for event in events:
            for name, value in event.identifiers.items():
                if self._seen.get((name, value)) != today:
                    for identifier in self._accept_one(name, value).keys:
                        days = identifier.type.keep_days
                        until = None if days is None else now + days * DAY
                        is_email = identifier.type.normaliser == "email"
                        plain = bare_address(value) if is_email else value
                        sealed = self.seal.close(plain, identifier.key)
                        values[identifier.key] = SealedValue(identifier.key, sealed, until)
        return [values[key] for key in sorted(values)]

    def remember(self, events: Iterable[IncomingEvent], now: int) -> None:
        """Note that the values in `events` have been kept today."""
        if len(self._seen) > _MOST_REMEMBERED:
            self._seen.clear()
        today = now // DAY
        self._seen.update({pair: today for e in events for pair in e.identifiers.items()})

    def open(self, key: str, sealed: str) -> str:
        """The plain value of an identifier."""
        return self.seal.open(sealed, key)


def open_vault(types: IdentifierTypes, key: bytes) -> Vault:
    """The vault of one process."""
    return Vault(types, key, Seal(key, _PURPOSE))
