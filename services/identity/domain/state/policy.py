"""What an identity may be made of, how large it may grow, and how much is read. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from identifiers import IdentifierType, IdentifierTypes
from services.identity.domain.state.facts import Stream, Tenure


@dataclass(frozen=True, slots=True)
class IdentityPolicy:
    """The identifier types, how large a profile may grow, and how much of a till is read at first.

    `near` is how many periods before and after a time are read of a device that has over twice as
    many: more of them are read only where those do not say.
    """

    types: IdentifierTypes
    most_tied: int = 1_000
    most_proven: int = 1_000
    near: int = 4

    def type_of(self, stream: Stream) -> IdentifierType | None:
        """The type of a stream's identifier; None if it is no longer configured."""
        return self.types.by_name.get(stream.type)

    def is_device(self, stream: Stream) -> bool:
        """Whether a stream's identifier is that of a device."""
        return isinstance(stream, Tenure) and stream.assurance == "device"

    def names_account(self, stream: Stream) -> bool:
        """Whether a stream is that of the name of an account."""
        return isinstance(stream, Tenure) and stream.assurance == "verified"
